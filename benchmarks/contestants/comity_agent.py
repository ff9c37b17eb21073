"""Comity's part of the stub: an agent that makes the call, and answers what it answers."""

from stub import call

from comity import Reply, Task


class Stub:
    """Chats by the stub call."""

    declares = frozenset({"chat"})
    uses_model = False

    async def run(self, _task: Task, _page: None, _model: None) -> Reply:
        """Make the call."""
        return Reply(text=await call())


stub = Stub()
