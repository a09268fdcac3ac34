"""Every action a rule can take, by the word that stands in `then`."""

from workflows.actions.add_to_segment import AddToSegment
from workflows.actions.ask_approval import AskApproval
from workflows.actions.assign import Assign
from workflows.actions.base import Action
from workflows.actions.call_webhook import CallWebhook
from workflows.actions.campaign import AddToCampaign
from workflows.actions.convert import Convert
from workflows.actions.create_record import CreateRecord
from workflows.actions.delete_record import DeleteRecord
from workflows.actions.flow import Choose, Stop, Wait
from workflows.actions.notify import Notify
from workflows.actions.plan_activity import PlanActivity
from workflows.actions.send_email import SendEmail
from workflows.actions.set_field import SetField
from workflows.actions.update_related import UpdateRelated
from workflows.registry import registry

ACTIONS: dict[str, Action] = registry(
    SetField(), Assign(), CreateRecord(), UpdateRelated(), DeleteRecord(), SendEmail(), Notify(), PlanActivity(),
    CallWebhook(), AskApproval(), Wait(), Choose(), Stop(), AddToSegment(), AddToCampaign(), Convert(),
)  # fmt: skip
