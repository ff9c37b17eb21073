"""Votes on posts, which machina does not have."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class Vote(models.Model):
    """A member likes a post."""

    post = models.ForeignKey(
        "forum_conversation.Post", related_name="votes", on_delete=models.CASCADE
    )
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "member"], name="one_vote_each")
        ]

    def __str__(self) -> str:
        return f"{self.member_id} likes {self.post_id}"
