"""What a transcript and an end state amount to.

A judge is a coroutine from case, transcript and end state to findings. `run` schedules it; it
schedules nothing.
"""
