"""Why the shop's rules say no: one class a reason, with facts and a sentence for a person."""

from __future__ import annotations


class Refused(Exception):
    """A command that the rules refuse. Nothing has changed.

    `reason` is stable and public; `facts` are values for a program (never secrets); the message
    is a sentence for a person.
    """

    reason = "REFUSED"

    def __init__(self, sentence: str, **facts: int | str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.facts = {name: str(value) for name, value in facts.items()}


class Invalid(Refused):
    """What was sent can never be right, whatever state the till is in."""

    reason = "FIELD_INVALID"

    def __init__(self, field: str, sentence: str, **facts: int | str) -> None:
        super().__init__(sentence, **facts)
        self.field = field


class FieldInvalid(Invalid):
    """A field is missing, too long or malformed."""


class CurrencyMismatch(Invalid):
    reason = "CURRENCY_MISMATCH"


class BadScale(Invalid):
    reason = "BAD_SCALE"


class AmountOutOfRange(Invalid):
    reason = "AMOUNT_OUT_OF_RANGE"


class TooManyLines(Invalid):
    reason = "TOO_MANY_LINES"


class TooManyTenders(Invalid):
    reason = "TOO_MANY_TENDERS"


class DiscountTooLarge(Invalid):
    reason = "DISCOUNT_TOO_LARGE"


class TenderSumMismatch(Invalid):
    reason = "TENDER_SUM_MISMATCH"


class ChangeNotAllowed(Invalid):
    reason = "CHANGE_NOT_ALLOWED"


class DocumentInvalid(Invalid):
    reason = "DOCUMENT_INVALID"


class TextNotPrintable(Invalid):
    reason = "TEXT_NOT_PRINTABLE"


class ConfigInvalid(Invalid):
    """A configuration with mistakes: `violations` are all of them, a path and a sentence each."""

    reason = "CONFIG_INVALID"

    def __init__(self, violations: list[tuple[str, str]]) -> None:
        count = len(violations)
        what = "a mistake" if count == 1 else f"{count} mistakes"
        super().__init__(violations[0][0], f"The configuration has {what}.", mistakes=count)
        self.violations = violations


class MalformedRequest(Invalid):
    """The bytes are no message of the contract, e.g. text that is not UTF-8."""

    reason = "MALFORMED_REQUEST"


class RequestTooLarge(Invalid):
    reason = "REQUEST_TOO_LARGE"


class Precondition(Refused):
    """Could be right in another state of the till."""


class ShiftNotOpen(Precondition):
    reason = "SHIFT_NOT_OPEN"


class DayNotOpen(Precondition):
    reason = "DAY_NOT_OPEN"


class ShiftLocked(Precondition):
    """Nothing is sold and nothing moves until it is unlocked."""

    reason = "SHIFT_LOCKED"


class ShiftStateWrong(Precondition):
    reason = "SHIFT_STATE"


class TooManyShifts(Precondition):
    reason = "TOO_MANY_SHIFTS"


class DayStateWrong(Precondition):
    reason = "DAY_STATE"


class OpenSalesExist(Precondition):
    reason = "OPEN_SALES_EXIST"


class NotCounted(Precondition):
    reason = "NOT_COUNTED"


class DrawerCashShort(Precondition):
    """More is to be taken out than can be in the drawer."""

    reason = "DRAWER_CASH_SHORT"


class SaleStateWrong(Precondition):
    reason = "SALE_STATE"


class SaleEmpty(Precondition):
    reason = "SALE_EMPTY"


class TenderUnresolved(Precondition):
    reason = "TENDER_UNRESOLVED"


class TenderStateWrong(Precondition):
    reason = "TENDER_STATE"


class ReturnExceedsSold(Precondition):
    reason = "RETURN_EXCEEDS_SOLD"


class AlreadyVoided(Precondition):
    reason = "ALREADY_VOIDED"


class TooManyOpenSales(Precondition):
    reason = "TOO_MANY_OPEN_SALES"


class NoPrinter(Precondition):
    reason = "NO_PRINTER"


class NoDrawerSwitch(Precondition):
    """The drawer has no switch, or none that anybody understands yet."""

    reason = "NO_DRAWER_SWITCH"


class NotSupported(Precondition):
    """The device is of a model that cannot do it."""

    reason = "NOT_SUPPORTED"


class DeviceNotReplaced(Precondition):
    reason = "DEVICE_NOT_REPLACED"


class DeviceBusy(Precondition):
    reason = "DEVICE_BUSY"


class JobStateWrong(Precondition):
    reason = "JOB_STATE"


class BatteryLow(Precondition):
    """The UPS has power for what is open, and for nothing new. Waiting helps."""

    reason = "BATTERY_LOW"


class SelfTestNotNow(Precondition):
    reason = "SELF_TEST_NOT_NOW"


class RecoveryItemStateWrong(Precondition):
    reason = "RECOVERY_ITEM_STATE"


class RecoveryPending(Precondition):
    """The shop wants what the last start found to be decided about before it sells."""

    reason = "RECOVERY_PENDING"


class SlipBookClosed(Precondition):
    reason = "SLIP_BOOK_CLOSED"


class SlipBookUnbalanced(Precondition):
    reason = "SLIP_BOOK_UNBALANCED"


class TooManySlipBooks(Precondition):
    reason = "TOO_MANY_SLIP_BOOKS"


class TooManyOperators(Precondition):
    reason = "TOO_MANY_OPERATORS"


class TooManyTokens(Precondition):
    reason = "TOO_MANY_TOKENS"


class OperatorDisabledAlready(Precondition):
    reason = "OPERATOR_DISABLED"


class LastOwner(Precondition):
    reason = "LAST_OWNER"


class NotFound(Refused):
    """What was named is not there."""


class SaleNotFound(NotFound):
    reason = "SALE_NOT_FOUND"


class ShiftNotFound(NotFound):
    reason = "SHIFT_NOT_FOUND"


class DayNotFound(NotFound):
    reason = "DAY_NOT_FOUND"


class LineNotFound(NotFound):
    reason = "LINE_NOT_FOUND"


class TenderNotFound(NotFound):
    reason = "TENDER_NOT_FOUND"


class DeviceNotFound(NotFound):
    reason = "DEVICE_NOT_FOUND"


class JobNotFound(NotFound):
    reason = "JOB_NOT_FOUND"


class HealthCheckNotFound(NotFound):
    reason = "HEALTH_CHECK_NOT_FOUND"


class UpsNotFound(NotFound):
    reason = "UPS_NOT_FOUND"


class OutageNotFound(NotFound):
    reason = "OUTAGE_NOT_FOUND"


class RecoveryItemNotFound(NotFound):
    reason = "RECOVERY_ITEM_NOT_FOUND"


class SlipBookNotFound(NotFound):
    reason = "SLIP_BOOK_NOT_FOUND"


class OperatorNotFound(NotFound):
    reason = "OPERATOR_NOT_FOUND"


class TokenNotFound(NotFound):
    reason = "TOKEN_NOT_FOUND"


class AlreadyExists(Refused):
    """What was to be new is there already."""


class SaleExists(AlreadyExists):
    reason = "SALE_EXISTS"


class TenderExists(AlreadyExists):
    reason = "TENDER_EXISTS"


class JobExists(AlreadyExists):
    reason = "JOB_EXISTS"


class MovementExists(AlreadyExists):
    reason = "MOVEMENT_EXISTS"


class KickExists(AlreadyExists):
    reason = "KICK_EXISTS"


class SelfTestExists(AlreadyExists):
    reason = "SELF_TEST_EXISTS"


class TokenExists(AlreadyExists):
    reason = "TOKEN_EXISTS"


class RequestIdReused(AlreadyExists):
    reason = "REQUEST_ID_REUSED"


class SlipBookExists(AlreadyExists):
    reason = "SLIP_BOOK_EXISTS"


class SlipAlreadyEntered(AlreadyExists):
    """A number is entered once, whatever stands on the second slip."""

    reason = "SLIP_ALREADY_ENTERED"


class Conflict(Refused):
    """Somebody else was quicker."""


class VersionConflict(Conflict):
    reason = "VERSION_CONFLICT"


class Claimed(Conflict):
    """Another front end has the device."""

    reason = "CLAIMED"


class ClaimLost(Conflict):
    """The lease has run out, was handed over, or was taken away."""

    reason = "CLAIM_LOST"


class CursorAhead(Refused):
    """A stream was asked to start behind the journal's end."""

    reason = "CURSOR_AHEAD"


class Full(Refused):
    """A named limit is reached; waiting helps."""

    reason = "QUEUE_FULL"


class PeerBusy(Full):
    """A front end asks for more than its share; others are not to wait for it."""

    reason = "PEER_BUSY"


class Unauthenticated(Refused):
    """Nobody knows who asks."""


class FrontEndUnknown(Unauthenticated):
    """The token or certificate is none of those that count, or there is none."""

    reason = "FRONT_END_UNKNOWN"


class SignOnRequired(Unauthenticated):
    """No operator is signed on here, or not any more."""

    reason = "SIGN_ON_REQUIRED"


class SignOnRefused(Unauthenticated):
    """Operator or PIN is wrong; which of them is not said."""

    reason = "SIGN_ON_REFUSED"


class SetupCodeWrong(Unauthenticated):
    reason = "SETUP_CODE_WRONG"


class SignOnBlocked(Refused):
    """Too many wrong PINs, or too many tries: waiting helps. `retry_after_s`: how long."""

    reason = "SIGN_ON_BLOCKED"

    def __init__(self, sentence: str, retry_after_s: int) -> None:
        super().__init__(sentence, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class Forbidden(Refused):
    """Who asks is known, and may not."""


class RoleRequired(Forbidden):
    reason = "ROLE_REQUIRED"


class ApprovalRequired(Forbidden):
    """An approver's sign-on lets this one call through."""

    reason = "APPROVAL_REQUIRED"


class HomeNeeded(Precondition):
    """The till has no home: nothing can put other data, or another program, in place whole."""

    reason = "HOME_NEEDED"


class UpgradeInProgress(Precondition):
    """The program is being changed: nothing is sold until that has ended. Waiting helps."""

    reason = "UPGRADE_IN_PROGRESS"


class RestoreInProgress(Precondition):
    """The data are being changed as a whole: nothing is sold until then. Waiting helps."""

    reason = "RESTORE_IN_PROGRESS"


class BackupNotConfigured(Precondition):
    reason = "BACKUP_NOT_CONFIGURED"


class BackupBusy(Precondition):
    """Another backup, check or drill is under way. Waiting helps."""

    reason = "BACKUP_BUSY"


class BackupTargetMissing(Precondition):
    """The folder for backups is not there, or is not on a disk of its own."""

    reason = "BACKUP_TARGET_MISSING"


class BackupKeyNeeded(Precondition):
    """Only a key that is not here opens it."""

    reason = "BACKUP_KEY_NEEDED"


class BackupKeyWrong(Invalid):
    """The key is none, or opens another backup."""

    reason = "BACKUP_KEY_WRONG"


class BackupNotFound(NotFound):
    reason = "BACKUP_NOT_FOUND"


class BackupTargetFull(Full):
    """There is no room for the backup. Waiting does not help."""

    reason = "BACKUP_TARGET_FULL"


class BackupFailed(Refused):
    """The backup could not be written, or what was read back is not what was written."""

    reason = "BACKUP_FAILED"


class BackupCorrupt(Refused):
    """The file is not, to the last bit, a backup that was finished."""

    reason = "BACKUP_CORRUPT"


class BundleNotFound(NotFound):
    reason = "BUNDLE_NOT_FOUND"


class BundleCorrupt(Refused):
    """The file is not, to the last bit, a bundle that was finished."""

    reason = "BUNDLE_CORRUPT"


class BundleUntrusted(Precondition):
    """It is not signed by those whom this till trusts, or not by enough of them."""

    reason = "BUNDLE_UNTRUSTED"


class BundleExpired(Precondition):
    """What its signers said was to hold until a time that is past."""

    reason = "BUNDLE_EXPIRED"


class BundleTooOld(Precondition):
    """The till has had a newer one."""

    reason = "BUNDLE_TOO_OLD"


class BundleTooNew(Precondition):
    """Another version has to come between."""

    reason = "BUNDLE_TOO_NEW"


class BundleWrongPlatform(Precondition):
    """It was made for another kind of machine or system."""

    reason = "BUNDLE_WRONG_PLATFORM"


class BundleWrongPython(Precondition):
    """It was made for another Python than this machine has."""

    reason = "BUNDLE_WRONG_PYTHON"


class BundleNoRoom(Full):
    """There is no room for another version of the program. Waiting does not help."""

    reason = "BUNDLE_NO_ROOM"


class TooOld(Precondition):
    """Front end and till speak contracts that do not go together."""

    reason = "TOO_OLD"


class SlotFailed(Refused):
    """The program could not be installed from a bundle that is whole and trusted."""

    reason = "SLOT_FAILED"


class UpgradeNotFound(NotFound):
    """Only the upgrade that is under way and the last one are known."""

    reason = "UPGRADE_NOT_FOUND"


class UpgradeNotStaged(NotFound):
    """No such version was built into a slot here."""

    reason = "UPGRADE_NOT_STAGED"



class UpgradeBusy(Precondition):
    """Another upgrade, or the staging of one, is under way."""

    reason = "UPGRADE_BUSY"


class UpgradeBlocked(Precondition):
    """The preflight found something that is in the way; the facts name the checks."""

    reason = "UPGRADE_BLOCKED"


class UpgradeSwitched(Precondition):
    """Too late to cancel: the new version decides whether it stays."""

    reason = "UPGRADE_SWITCHED"


class NoPreviousVersion(Precondition):
    """There is no version to go back to, or its data cannot be had without dropping something."""

    reason = "NO_PREVIOUS_VERSION"



class UpgradeFailed(Refused):
    """A program beside the till could not do it, or the disk refused. The old version runs."""

    reason = "UPGRADE_FAILED"
