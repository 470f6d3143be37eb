"""The engine: what an action is, how one runs, and how all of them are explored.

It knows nothing of Choir.  Start at :mod:`choir_model.engine.model`, a tour that ends in a
counterexample; :mod:`choir_model.engine.view` is the one abstraction everything else is
written against.
"""

from choir_model.engine.check import check, state_graph
from choir_model.engine.dictview import Disabled, Fired, Outcome, Refused, State, branches, run
from choir_model.engine.model import (
    ANY,
    Action,
    Fairness,
    Model,
    Property,
    always,
    deadlock_free,
    each_step,
    eventually,
    leads_to,
    refines,
    sometimes,
)
from choir_model.engine.paths import Path
from choir_model.engine.report import Report, Verdict
from choir_model.engine.sorts import Atom, Sort
from choir_model.engine.view import (
    Cell,
    Computed,
    Field,
    ModelError,
    Record,
    StepBudgetExceeded,
    View,
    ViewExpired,
    guard,
)

__all__ = [
    "ANY",
    "Action",
    "Atom",
    "Cell",
    "Computed",
    "Disabled",
    "Fairness",
    "Field",
    "Fired",
    "Model",
    "ModelError",
    "Outcome",
    "Path",
    "Property",
    "Record",
    "Refused",
    "Report",
    "Sort",
    "State",
    "StepBudgetExceeded",
    "Verdict",
    "View",
    "ViewExpired",
    "always",
    "branches",
    "check",
    "deadlock_free",
    "each_step",
    "eventually",
    "guard",
    "leads_to",
    "refines",
    "run",
    "sometimes",
    "state_graph",
]
