"""The engine: what an action is, and how one runs.  It knows nothing of Choir.

Start at :mod:`choir_model.engine.view`; it is the one abstraction everything else
is written against.
"""

from choir_model.engine.dictview import Disabled, Fired, Outcome, Refused, State, branches, run
from choir_model.engine.view import (
    Cell,
    Computed,
    Field,
    ModelError,
    Record,
    StepBudgetExceeded,
    View,
    ViewExpired,
)

__all__ = [
    "Cell",
    "Computed",
    "Disabled",
    "Field",
    "Fired",
    "ModelError",
    "Outcome",
    "Record",
    "Refused",
    "State",
    "StepBudgetExceeded",
    "View",
    "ViewExpired",
    "branches",
    "run",
]
