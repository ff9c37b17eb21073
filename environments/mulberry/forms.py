"""What a member writes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

# Long enough for any post; what is longer is pasted.
MAX_TEXT, MAX_TITLE = 4000, 120


class Text(forms.CharField):
    """A post's text, with line ends as the seeded posts have them."""

    def __init__(self, label: Any) -> None:
        super().__init__(label=label, max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 8}))

    def to_python(self, value: Any) -> str:
        """Return the text with plain line feeds; browsers send carriage returns as well."""
        text: str = super().to_python(value)
        return text.replace("\r\n", "\n").replace("\r", "\n")


class ReplyForm(forms.Form):
    """A reply."""

    text = Text(_("Your reply"))


class TopicForm(forms.Form):
    """A topic and the post that opens it."""

    title = forms.CharField(label=_("Title"), max_length=MAX_TITLE)
    text = Text(_("Your post"))


class EditForm(forms.Form):
    """A post that is written anew."""

    text = Text(_("Your post"))
