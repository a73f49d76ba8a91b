"""What can go wrong, one class for each reason of the contract.

    TillError
      Refused        the shop's rules say no; nothing has happened
      DeviceError    a printer, drawer or scanner says no
      Overloaded     too much at once; `retry_after_s` says when to come again
      StorageError   the journal could not be written or read
      Unreachable    the till did not answer, and nothing depends on it (or it is shutting down)
      OutcomeUnknown a change was sent and no answer came: repeat the same request, or look

Catch the base for a policy, the class for a case. A reason that this version does not know comes
as the base class of its gRPC status, with `reason` set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar, cast

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from tillhal.v1 import types_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.any_pb2 import Any as AnyMessage

DOMAIN: Final = "tillhal"
DETAILS_KEY: Final = "grpc-status-details-bin"

BY_REASON: Final[dict[str, type[TillError]]] = {}
"""The class of each reason; filled by the class statements below."""


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A wrong field of the request, e.g. "lines[2].quantity", and what is wrong with it."""

    field: str
    description: str


class TillError(Exception):
    """Anything that the till, or the way to it, answered instead of what was asked for.

    message: in English, for the log. reason: e.g. "VERSION_CONFLICT"; empty when none was given.
    metadata: the facts of the reason, by name. cashier_message: a sentence for the cashier, in the
    language chosen at connect; empty when none came. field_violations: the wrong fields.
    retry_after_s: seconds after which it is worth trying again, or None. device: what the device
    that caused it says, or None. request: the request that failed. code: the gRPC status.
    """

    known_reason: ClassVar[str] = ""

    def __init_subclass__(cls, *, reason: str = "") -> None:
        """Enter the class in the table of reasons."""
        super().__init_subclass__()
        cls.known_reason = reason
        if reason:
            assert reason not in BY_REASON, f"two classes for the reason {reason}"
            BY_REASON[reason] = cls

    def __init__(
        self,
        message: str,
        *,
        code: grpc.StatusCode = grpc.StatusCode.UNKNOWN,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        cashier_message: str = "",
        field_violations: tuple[FieldViolation, ...] = (),
        retry_after_s: float | None = None,
        device: types_pb2.DeviceErrorDetail | None = None,
        request: Message | None = None,
    ) -> None:
        """Keep all that is known of the failure."""
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason or self.known_reason
        self.metadata: Mapping[str, str] = dict(metadata or {})
        self.cashier_message = cashier_message
        self.field_violations = field_violations
        self.retry_after_s = retry_after_s
        self.device = device
        self.request = request

    def __str__(self) -> str:
        """Reason, message and facts on one line."""
        parts = [f"{self.reason}: {self.message}" if self.reason else self.message]
        parts += [f"{wrong.field}: {wrong.description}" for wrong in self.field_violations]
        if self.metadata:
            parts.append(", ".join(f"{key}={value}" for key, value in self.metadata.items()))
        return "; ".join(part for part in parts if part)


class Refused(TillError):
    """The shop's rules say no. Nothing has happened."""


class DeviceError(TillError):
    """A device says no; `device.retry_safety` says whether the deed may be repeated."""


class Overloaded(TillError):
    """Too much at once. Nothing has happened; try again after `retry_after_s`."""


class StorageError(TillError):
    """The journal could not be written or read. Never a false success.

    The change that was asked for may still have reached the disk: `till.repeat(error)` once the
    till is well again.
    """


class Unreachable(TillError):
    """The till did not answer a question, or takes nothing new just now. Nothing was changed."""


class OutcomeUnknown(TillError):
    """A change was sent, and no answer came: it may have happened, or not.

    `till.repeat(error)` sends the very same request again, which is safe: the till answers an
    earlier one with its first answer. Keep `error.request` to do it after a restart.
    """


class InternalError(TillError, reason="INTERNAL"):
    """A mistake of the till's own. Look with `get_sale` what has become of the request."""


# Every RPC


class FieldInvalid(Refused, reason="FIELD_INVALID"):
    """A field is missing, too long or malformed; see `field_violations`."""


class RequestIdReused(Refused, reason="REQUEST_ID_REUSED"):
    """The request_id was used before, with other content."""


class MalformedRequest(Refused, reason="MALFORMED_REQUEST"):
    """The bytes were no message of the contract: client and till are not of one kind."""


class RequestTooLarge(Refused, reason="REQUEST_TOO_LARGE"):
    """The request has more bytes than the till takes."""


class ShuttingDown(Unreachable, reason="SHUTTING_DOWN"):
    """The till is going down and takes nothing new. Nothing was changed."""


class StorageFailed(StorageError, reason="STORAGE_FAILED"):
    """The journal cannot be written; the till sells nothing it could lose."""


class JournalCorrupt(StorageError, reason="JOURNAL_CORRUPT"):
    """The journal, or a record of it, is not what was written. Call a technician."""


class QueueFull(Overloaded, reason="QUEUE_FULL"):
    """A queue of the till is full; try again after `retry_after_s`."""


class DiskReserve(Overloaded, reason="DISK_RESERVE"):
    """Hardly any room is left on the till's disk: only what is open can be finished."""


# Sales


class CurrencyMismatch(Refused, reason="CURRENCY_MISMATCH"):
    """An amount is not in the till's currency."""


class BadScale(Refused, reason="BAD_SCALE"):
    """A quantity or percentage has too many decimals."""


class AmountOutOfRange(Refused, reason="AMOUNT_OUT_OF_RANGE"):
    """An amount is negative, zero or too large where it must not be."""


class TenderSumMismatch(Refused, reason="TENDER_SUM_MISMATCH"):
    """The tenders do not add up to what is to pay."""


class ChangeNotAllowed(Refused, reason="CHANGE_NOT_ALLOWED"):
    """More was tendered than is due, by a tender that gives no change."""


class DiscountTooLarge(Refused, reason="DISCOUNT_TOO_LARGE"):
    """A discount exceeds what it is given on."""


class SaleExists(Refused, reason="SALE_EXISTS"):
    """A sale with this id exists already."""


class BatteryLow(Refused, reason="BATTERY_LOW"):
    """The UPS has power for what is open, and for nothing new; see `retry_after_s`."""


class SelfTestNotNow(Refused, reason="SELF_TEST_NOT_NOW"):
    """A UPS is tested only on mains, without a sale under way, one test at a time."""


class SelfTestExists(Refused, reason="SELF_TEST_EXISTS"):
    """There is a self-test with this id."""


class UpsNotFound(Refused, reason="UPS_NOT_FOUND"):
    """No such UPS is configured."""


class OutageNotFound(Refused, reason="OUTAGE_NOT_FOUND"):
    """None of the outages that the till holds has this id."""


class RecoveryPending(Refused, reason="RECOVERY_PENDING"):
    """The shop wants what the last start found to be decided about before it sells."""


class RecoveryItemNotFound(Refused, reason="RECOVERY_ITEM_NOT_FOUND"):
    """Nothing in the report of the last start has this id."""


class RecoveryItemResolved(Refused, reason="RECOVERY_ITEM_STATE"):
    """It has been decided already what becomes of the item."""


class SlipBookNotFound(Refused, reason="SLIP_BOOK_NOT_FOUND"):
    """No book of slips was opened for this outage."""


class SlipBookExists(Refused, reason="SLIP_BOOK_EXISTS"):
    """There is a book of slips for this outage, open or closed."""


class SlipBookClosed(Refused, reason="SLIP_BOOK_CLOSED"):
    """The book of slips does not change any more."""


class SlipBookUnbalanced(Refused, reason="SLIP_BOOK_UNBALANCED"):
    """Numbers are not accounted for, or the cash differs: `recovery.reconcile` says what."""


class TooManySlipBooks(Refused, reason="TOO_MANY_SLIP_BOOKS"):
    """Close a book of slips before opening another."""


class SlipAlreadyEntered(Refused, reason="SLIP_ALREADY_ENTERED"):
    """The slip with this number is a sale: `metadata` says which."""


class ShiftNotOpen(Refused, reason="SHIFT_NOT_OPEN"):
    """No shift is open."""


class DayNotOpen(Refused, reason="DAY_NOT_OPEN"):
    """No business day is open."""


class ShiftLocked(Refused, reason="SHIFT_LOCKED"):
    """The shift is locked: unlock it before selling."""


class ShiftStateWrong(Refused, reason="SHIFT_STATE"):
    """The shift does not stand where this needs it to."""


class TooManyShifts(Refused, reason="TOO_MANY_SHIFTS"):
    """The business day has as many shifts as a Z can list."""


class DayStateWrong(Refused, reason="DAY_STATE"):
    """A business day is open already."""


class OpenSalesExist(Refused, reason="OPEN_SALES_EXIST"):
    """A sale is under way, or put aside where the shop wants none."""


class NotCounted(Refused, reason="NOT_COUNTED"):
    """The drawer has to be counted first."""


class DrawerCashShort(Refused, reason="DRAWER_CASH_SHORT"):
    """More is to be taken out than can be in the drawer."""


class ShiftNotFound(Refused, reason="SHIFT_NOT_FOUND"):
    """There is no such shift."""


class DayNotFound(Refused, reason="DAY_NOT_FOUND"):
    """There is no such business day, or no such Z."""


class MovementExists(Refused, reason="MOVEMENT_EXISTS"):
    """The id of a new movement of cash is taken."""


class TooManyOpenSales(Refused, reason="TOO_MANY_OPEN_SALES"):
    """Complete, suspend or cancel a sale before opening another."""


class TooManyLines(Refused, reason="TOO_MANY_LINES"):
    """The sale takes no more lines or discounts."""


class TooManyTenders(Refused, reason="TOO_MANY_TENDERS"):
    """The sale takes no more tenders."""


class SaleNotFound(Refused, reason="SALE_NOT_FOUND"):
    """No sale with this id or receipt number."""


class LineNotFound(Refused, reason="LINE_NOT_FOUND"):
    """No line with this id in the sale."""


class TenderNotFound(Refused, reason="TENDER_NOT_FOUND"):
    """No tender with this id in the sale."""


class TenderExists(Refused, reason="TENDER_EXISTS"):
    """A tender with this id is in the sale already."""


class WrongSaleState(Refused, reason="SALE_STATE"):
    """The sale is not in a state that allows this."""


class WrongTenderState(Refused, reason="TENDER_STATE"):
    """The tender is not in a state that allows this; a tender resolves at most once."""


class TenderUnresolved(Refused, reason="TENDER_UNRESOLVED"):
    """A tender is PENDING or UNKNOWN, or (of a cancellation) still counts: settle it first."""


class SaleEmpty(Refused, reason="SALE_EMPTY"):
    """A sale without lines cannot be completed."""


class VersionConflict(Refused, reason="VERSION_CONFLICT"):
    """The sale has changed since the caller last saw it: `sale.refresh()`, look, try again."""


class ReturnExceedsSold(Refused, reason="RETURN_EXCEEDS_SOLD"):
    """More would come back than was sold and not yet returned."""


class AlreadyVoided(Refused, reason="ALREADY_VOIDED"):
    """The sale was voided before."""


class DamagedInTransit(TillError):
    """What came is not what the till sent: ask again."""


# Printing, drawer, devices, streams


class DocumentInvalid(Refused, reason="DOCUMENT_INVALID"):
    """The document holds what this printer cannot do, or what is malformed."""


class TextNotPrintable(Refused, reason="TEXT_NOT_PRINTABLE"):
    """The document holds characters that this printer cannot print."""


class JobExists(Refused, reason="JOB_EXISTS"):
    """A print job with this id exists already."""


class JobNotFound(Refused, reason="JOB_NOT_FOUND"):
    """No print job with this id."""


class WrongJobState(Refused, reason="JOB_STATE"):
    """The print job is not in a state that allows this: it has begun, or nothing is in doubt."""


class NoPrinter(Refused, reason="NO_PRINTER"):
    """No printer is configured for this."""


class NoDrawerSwitch(Refused, reason="NO_DRAWER_SWITCH"):
    """Nobody knows how the drawer stands: it has no switch, or was not calibrated."""


class KickExists(Refused, reason="KICK_EXISTS"):
    """A drawer kick with this id exists already."""


class Claimed(Refused, reason="CLAIMED"):
    """Another front end has the device: `metadata["held_for"]` says what for."""


class ClaimLost(Refused, reason="CLAIM_LOST"):
    """The claim has run out, was handed over or taken, or the till was started anew."""


class NotSupported(Refused, reason="NOT_SUPPORTED"):
    """The device is of a model that cannot do this, or is not configured for it."""


class DeviceNotFound(Refused, reason="DEVICE_NOT_FOUND"):
    """No such device is configured."""


class ConfigInvalid(Refused, reason="CONFIG_INVALID"):
    """A configuration with mistakes; `field_violations` are all of them. Nothing was changed."""


class DeviceBusy(Refused, reason="DEVICE_BUSY"):
    """The device is being checked, or its work did not end in time. Nothing was changed."""


class DeviceNotReplaced(Refused, reason="DEVICE_NOT_REPLACED"):
    """The device is the one that is known already."""


class HealthCheckNotFound(Refused, reason="HEALTH_CHECK_NOT_FOUND"):
    """The check is over, or the step does not wait for this answer."""


class CursorAhead(Refused, reason="CURSOR_AHEAD"):
    """The journal has not come so far: it is not the one that the cursor is from."""


class DeviceOffline(DeviceError, reason="DEVICE_OFFLINE"):
    """The device cannot be reached, or is not ready."""


class DeviceTimeout(DeviceError, reason="DEVICE_TIMEOUT"):
    """The device did not answer in time; it may have done the work."""


class DeviceStuck(DeviceError, reason="DEVICE_STUCK"):
    """An earlier call still holds the device."""


# Who may do what


class Unauthenticated(Refused):
    """The till does not know who asks."""


class FrontEndUnknown(Unauthenticated, reason="FRONT_END_UNKNOWN"):
    """No token or certificate that counts came with the call: see `connect`."""


class SignOnRequired(Unauthenticated, reason="SIGN_ON_REQUIRED"):
    """Nobody is signed on, or not any more: see `sign_on`."""


class SignOnRefused(Unauthenticated, reason="SIGN_ON_REFUSED"):
    """Operator or PIN is wrong; which of them is not said."""


class SetupCodeWrong(Unauthenticated, reason="SETUP_CODE_WRONG"):
    """Not the one-time code that waits."""


class SignOnBlocked(Overloaded, reason="SIGN_ON_BLOCKED"):
    """Too many wrong PINs: `retry_after_s` says how long to wait."""


class PeerBusy(Overloaded, reason="PEER_BUSY"):
    """The front end asks for more than its share."""


class RoleRequired(Refused, reason="ROLE_REQUIRED"):
    """The operator's role does not allow it here; `metadata["roles"]` would."""


class ApprovalRequired(Refused, reason="APPROVAL_REQUIRED"):
    """Somebody of `metadata["roles"]` may let this one request through: see `approved_by`."""


class OperatorNotFound(Refused, reason="OPERATOR_NOT_FOUND"):
    """There is no such operator."""


class OperatorDisabled(Refused, reason="OPERATOR_DISABLED"):
    """The operator is kept out."""


class LastOwner(Refused, reason="LAST_OWNER"):
    """Nobody would be owner any more."""


class TooManyOperators(Refused, reason="TOO_MANY_OPERATORS"):
    """The till knows as many operators as it can."""


class TokenNotFound(Refused, reason="TOKEN_NOT_FOUND"):
    """No such token or certificate counts."""


class TokenExists(Refused, reason="TOKEN_EXISTS"):
    """There is such a token, or this certificate, already."""


class TooManyTokens(Refused, reason="TOO_MANY_TOKENS"):
    """As many tokens and certificates count as can."""


class HomeNeeded(Refused, reason="HOME_NEEDED"):
    """The till was not installed with `tillctl install`."""


class UpgradeInProgress(Refused, reason="UPGRADE_IN_PROGRESS"):
    """The till's program is being changed. The same request can be sent again in a moment."""


class RestoreInProgress(Refused, reason="RESTORE_IN_PROGRESS"):
    """The till's data are being changed. The same request can be sent again in a moment."""


class BackupNotConfigured(Refused, reason="BACKUP_NOT_CONFIGURED"):
    """No folder for backups is configured."""


class BackupBusy(Refused, reason="BACKUP_BUSY"):
    """Another backup, check or drill is under way."""


class BackupTargetMissing(Refused, reason="BACKUP_TARGET_MISSING"):
    """The folder for backups is not there: the stick is not in, the share not mounted."""


class BackupTargetFull(Refused, reason="BACKUP_TARGET_FULL"):
    """There is no room for the backup. Older ones are as they were."""


class BackupFailed(Refused, reason="BACKUP_FAILED"):
    """The backup could not be written, or was not read back as it was written."""


class RestoreOtherTill(Refused, reason="RESTORE_OTHER_TILL"):
    """The backup is another till's, or in another currency."""


class RestoreWouldFork(Refused, reason="RESTORE_WOULD_FORK"):
    """What is here and not in the backup would be lost, and nobody has accepted that."""


class PlanStale(Refused, reason="PLAN_STALE"):
    """What the plan was made of is not any more, or its time is over: plan again."""


class NotPreLive(Refused, reason="NOT_PRE_LIVE"):
    """The till is live: its data is business, and is not cleared."""


class BackupNotFound(Refused, reason="BACKUP_NOT_FOUND"):
    """There is no such backup."""


class BackupKeyNeeded(Refused, reason="BACKUP_KEY_NEEDED"):
    """Only the owner's key, or the one in escrow, opens it."""


class BackupKeyWrong(Refused, reason="BACKUP_KEY_WRONG"):
    """The key is none, or opens another backup."""


class BackupCorrupt(Refused, reason="BACKUP_CORRUPT"):
    """The file is not, to the last bit, a backup that was finished."""


class BundleNotFound(Refused, reason="BUNDLE_NOT_FOUND"):
    """There is no such bundle."""


class BundleCorrupt(Refused, reason="BUNDLE_CORRUPT"):
    """The file is not, to the last bit, a bundle that was finished."""


class BundleUntrusted(Refused, reason="BUNDLE_UNTRUSTED"):
    """The bundle is not signed by those whom this till trusts."""


class BundleExpired(Refused, reason="BUNDLE_EXPIRED"):
    """Its signers vouched for it until a time that is past."""


class BundleTooOld(Refused, reason="BUNDLE_TOO_OLD"):
    """The till has had a newer one."""


class BundleTooNew(Refused, reason="BUNDLE_TOO_NEW"):
    """Another version has to be installed first."""


class BundleWrongPlatform(Refused, reason="BUNDLE_WRONG_PLATFORM"):
    """It was made for another kind of machine."""


class BundleWrongPython(Refused, reason="BUNDLE_WRONG_PYTHON"):
    """It was made for another Python."""


class BundleNoRoom(Refused, reason="BUNDLE_NO_ROOM"):
    """There is no room for another version of the program."""


class SlotFailed(Refused, reason="SLOT_FAILED"):
    """The program in it could not be installed. The one that runs was not touched."""


class SourceNotFound(Refused, reason="SOURCE_NOT_FOUND"):
    """No adapter knows what lies there, or it cannot be read."""


class SourceChanged(Refused, reason="SOURCE_CHANGED"):
    """The predecessor's data is not what the plan was made from: plan again."""


class ImportBusy(Refused, reason="IMPORT_BUSY"):
    """Another import or plan is under way."""


class ImportDamaged(Refused, reason="IMPORT_DAMAGED"):
    """Something does not fit: the plan says what, by file and line. Nothing was imported."""


class ImportDiffers(Refused, reason="IMPORT_DIFFERS"):
    """The predecessor's own totals differ from its sales: give an explanation."""


class ImportFailed(Refused, reason="IMPORT_FAILED"):
    """The source could not be read to its end. Nothing was imported."""


class ImportNotFound(Refused, reason="IMPORT_NOT_FOUND"):
    """There is no import with this id."""


class TooManyImports(Refused, reason="TOO_MANY_IMPORTS"):
    """No more imports can be kept."""


class TooOld(Refused, reason="TOO_OLD"):
    """Client and till do not go together; `metadata["too_old"]` is `front_end` or `till`."""


_BASE_BY_CODE: Final[dict[grpc.StatusCode, type[TillError]]] = {
    grpc.StatusCode.INVALID_ARGUMENT: Refused,
    grpc.StatusCode.FAILED_PRECONDITION: Refused,
    grpc.StatusCode.NOT_FOUND: Refused,
    grpc.StatusCode.ALREADY_EXISTS: Refused,
    grpc.StatusCode.ABORTED: Refused,
    grpc.StatusCode.OUT_OF_RANGE: Refused,
    grpc.StatusCode.PERMISSION_DENIED: Refused,
    grpc.StatusCode.UNAUTHENTICATED: Refused,
    grpc.StatusCode.UNIMPLEMENTED: Refused,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Overloaded,
    grpc.StatusCode.DATA_LOSS: StorageError,
    grpc.StatusCode.UNAVAILABLE: Unreachable,
}

# What gRPC itself answers when the connection breaks or the time is over. The till explains all
# its errors, so such a status without an explanation says nothing of what became of the request.
_CODES_OF_TRANSPORT: Final = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.INTERNAL,
    }
)


def changes_something(request: Message) -> bool:
    """Whether `request` changes something in the shop: then it carries a request_id."""
    return "request_id" in request.DESCRIPTOR.fields_by_name


def request_of(error: TillError) -> Message:
    """The request that failed with `error` and changes something; ValueError without one."""
    if error.request is None or not changes_something(error.request):
        message = f"no request that changes something came with {type(error).__name__}"
        raise ValueError(message)
    return error.request


_TOO_LARGE_FOR_GRPC: Final = "SERVER: Received message larger than max"
"""What gRPC itself says of a request beyond its own limit, before the till has seen it. The status
is that of a till with too much to do, and trying again would never help."""


def from_rpc(error: grpc.RpcError, request: Message | None = None) -> TillError:
    """The exception that the till meant by `error`, rebuilt from its google.rpc.Status."""
    code = error.code()
    details = _details_of(error)
    info = _unpack(details, error_details_pb2.ErrorInfo)
    device = _unpack(details, types_pb2.DeviceErrorDetail)
    localized = _unpack(details, error_details_pb2.LocalizedMessage)
    retry = _unpack(details, error_details_pb2.RetryInfo)
    bad = _unpack(details, error_details_pb2.BadRequest)
    reason = info.reason if info is not None and info.domain == DOMAIN else ""
    kind = BY_REASON.get(reason) or _kind(code, reason, request, has_device=device is not None)
    if not reason and (error.details() or "").startswith(_TOO_LARGE_FOR_GRPC):
        kind = RequestTooLarge
    return kind(
        error.details() or code.name,
        code=code,
        reason=reason,
        metadata=info.metadata if info is not None else None,
        cashier_message=localized.message if localized is not None else "",
        field_violations=tuple(
            FieldViolation(wrong.field, wrong.description)
            for wrong in (bad.field_violations if bad is not None else ())
        ),
        retry_after_s=retry.retry_delay.ToNanoseconds() / 1e9 if retry is not None else None,
        device=device,
        request=request,
    )


def closed_meanwhile(request: Message) -> TillError:
    """What a call ends with when the client is closed before the answer comes."""
    code = grpc.StatusCode.CANCELLED
    return _kind(code, "", request, has_device=False)(
        "the client was closed before the answer came", code=code, request=request
    )


def _kind(
    code: grpc.StatusCode, reason: str, request: Message | None, *, has_device: bool
) -> type[TillError]:
    if has_device:
        return DeviceError
    # A deadline that passed says nothing of the outcome, whoever reports it (types.proto).
    if code is grpc.StatusCode.DEADLINE_EXCEEDED or (not reason and code in _CODES_OF_TRANSPORT):
        changes = request is not None and changes_something(request)
        return OutcomeUnknown if changes else Unreachable
    return _BASE_BY_CODE.get(code, TillError)


_DetailT = TypeVar("_DetailT", bound=Message)


def _details_of(error: grpc.RpcError) -> list[AnyMessage]:
    # Pairs, for the sync and the async error alike, whatever the stubs call them.
    trailing = cast("Iterable[tuple[str, str | bytes]]", error.trailing_metadata() or ())
    # Read here and not with grpc_status.from_call: that raises ValueError where a proxy has
    # changed the message, and the cashier would see our exception instead of the till's.
    for key, value in trailing:
        if key == DETAILS_KEY and isinstance(value, bytes):
            try:
                return list(status_pb2.Status.FromString(value).details)
            except DecodeError:
                return []
    return []


def _unpack(details: list[AnyMessage], kind: type[_DetailT]) -> _DetailT | None:
    for packed in details:
        if packed.TypeName() == kind.DESCRIPTOR.full_name:
            try:
                return kind.FromString(packed.value)
            except DecodeError:
                return None
    return None


class UpgradeNotFound(Refused, reason="UPGRADE_NOT_FOUND"):
    """Only the upgrade that is under way and the last one are known."""


class UpgradeNotStaged(Refused, reason="UPGRADE_NOT_STAGED"):
    """No such version is built on the till."""


class UpgradeBusy(Refused, reason="UPGRADE_BUSY"):
    """Another upgrade, or the staging of one, is under way."""


class UpgradeBlocked(Refused, reason="UPGRADE_BLOCKED"):
    """The preflight found something in the way; `checks` in the details names it."""


class UpgradeSwitched(Refused, reason="UPGRADE_SWITCHED"):
    """Too late to cancel: the new version decides, or has decided."""


class NoPreviousVersion(Refused, reason="NO_PREVIOUS_VERSION"):
    """There is no version to go back to without dropping something."""


class UpgradeFailed(Refused, reason="UPGRADE_FAILED"):
    """A program or a disk refused. The version that ran goes on."""
