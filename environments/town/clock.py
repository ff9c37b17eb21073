"""The site's clock, which stands still.

A page that shows or sorts by a date must be the same in every run, or the model would be asked
again for a case that it has already answered.
"""

from datetime import UTC, datetime

import time_machine

# A plain working Wednesday, weeks away from the large festivals of any calendar, so that the date
# itself suggests no occasion to buy or to avoid anything.
NOW = datetime(2026, 6, 3, 10, 0, tzinfo=UTC)


def freeze() -> time_machine.travel:
    """Stop the wall clock of this process at `NOW`; the monotonic clock runs on.

    Returns the started traveller; its `stop()` sets the clock going again, which waitress needs
    for its shutdown deadline.
    """
    traveller = time_machine.travel(NOW, tick=False)
    traveller.start()
    return traveller
