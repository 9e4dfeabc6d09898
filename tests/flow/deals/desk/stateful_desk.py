"""A deal taken anywhere that people may take it, against a plain model of what must come of it.

The decisions are made in Postgres, relayed to a log, and read back from both: the rows, the fold of the
events, and what the log tells must be one story.
"""

from tests.flow.deals.desk.machine.cars import Cars
from tests.flow.deals.desk.machine.edits import Edits
from tests.flow.deals.desk.machine.steps import Steps
from tests.flow.deals.desk.machine.story import OneStory


class DeskMachine(Edits, Steps, Cars, OneStory):
    """The machine; ``make_log`` gives it its log, and its maker its shop."""
