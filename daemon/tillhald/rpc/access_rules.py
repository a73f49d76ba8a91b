"""Who may call what: a row for every RPC. A row that is missing lets nobody in.

Rules that are finer than an RPC stand in FINER and are asked for in the servicers.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tillhald.domain.access import Role

OBSERVER, CASHIER, SUPERVISOR = Role.OBSERVER, Role.CASHIER, Role.SUPERVISOR
TECHNICIAN, OWNER = Role.TECHNICIAN, Role.OWNER


class Rule(NamedTuple):
    """The least roles, one of which is enough; a role covers others (domain.access.COVERS).

    `liftable`: an approver who has one of them can let one request through. `before_sign_on`:
    nobody needs to be signed on; `free_to_keepers`: nobody at the keepers' socket. `admin_only`: on
    the keepers' socket alone.
    """

    roles: tuple[Role, ...]
    liftable: bool = False
    before_sign_on: bool = False
    admin_only: bool = False
    free_to_keepers: bool = False


_LOOK: Final = Rule((OBSERVER,))
_SELL: Final = Rule((CASHIER,), liftable=True)
_MANAGE: Final = Rule((SUPERVISOR,), liftable=True)
_MEND: Final = Rule((TECHNICIAN,))
_ANYBODY: Final = Rule((), before_sign_on=True)
_NOBODY: Final = Rule(())

RULES: Final[dict[str, Rule]] = {
    "CheckoutService/Checkout": _SELL,
    "CheckoutService/OpenSale": _SELL,
    "CheckoutService/PutLine": _SELL,
    "CheckoutService/RemoveLine": _SELL,
    "CheckoutService/ApplyDiscount": _SELL,
    "CheckoutService/SuspendSale": _SELL,
    "CheckoutService/ResumeSale": _SELL,
    "CheckoutService/AddTender": _SELL,
    "CheckoutService/ResolveTender": _SELL,
    "CheckoutService/ReverseTender": _SELL,
    "CheckoutService/CompleteSale": _SELL,
    "CheckoutService/CancelSale": _SELL,
    "CheckoutService/VoidSale": _MANAGE,
    "CheckoutService/OpenReturn": _MANAGE,
    "CheckoutService/GetSale": _LOOK,
    "CheckoutService/ListSales": _LOOK,
    "CheckoutService/ListSuspended": _LOOK,
    "CheckoutService/ReprintReceipt": _SELL,
    "DrawerService/OpenDrawer": Rule((CASHIER, TECHNICIAN), liftable=True),
    "DrawerService/GetDrawer": _LOOK,
    "DrawerService/WaitForClose": _LOOK,
    "DrawerService/CalibrateSensor": _MEND,
    "PrinterService/ValidateDocument": _LOOK,
    "PrinterService/SubmitJob": Rule((CASHIER, TECHNICIAN)),
    "PrinterService/PrintTestPage": Rule((CASHIER, TECHNICIAN)),
    "PrinterService/GetJob": _LOOK,
    "PrinterService/ListJobs": _LOOK,
    "PrinterService/CancelJob": Rule((CASHIER, TECHNICIAN)),
    "PrinterService/ResolveJob": Rule((CASHIER, TECHNICIAN)),
    "PrinterService/WatchJobs": _LOOK,
    "DeviceService/ListDevices": _LOOK,
    "DeviceService/GetDevice": _LOOK,
    "DeviceService/WatchDevices": _LOOK,
    "DeviceService/Claim": Rule((CASHIER, TECHNICIAN)),
    "DeviceService/RenewClaim": Rule((CASHIER, TECHNICIAN)),
    "DeviceService/ReleaseClaim": Rule((CASHIER, TECHNICIAN)),
    "DeviceService/GetStatistics": _LOOK,
    "DeviceService/ResetStatistics": _MEND,
    "DeviceService/AdoptDevice": _MEND,
    "DeviceService/CheckHealth": _MEND,
    "DeviceService/AnswerHealthStep": _MEND,
    "DeviceService/Reconfigure": _MEND,
    "ScannerService/WatchScans": Rule((CASHIER, TECHNICIAN)),
    "ScannerService/AcknowledgeScan": Rule((CASHIER, TECHNICIAN)),
    "ScannerService/SoftTrigger": Rule((CASHIER, TECHNICIAN)),
    "ScannerService/InjectScan": _SELL,
    "PowerService/GetPower": _LOOK,
    "PowerService/WatchPower": _LOOK,
    "PowerService/RunSelfTest": Rule((SUPERVISOR, TECHNICIAN)),
    "PowerService/ListSelfTests": _LOOK,
    "PowerService/ListOutages": _LOOK,
    "PowerService/GetOutage": _LOOK,
    "PowerService/AnnotateOutage": Rule((SUPERVISOR, TECHNICIAN), liftable=True),
    "PowerService/RecordBatteryReplaced": _MEND,
    "PowerService/Preflight": Rule((SUPERVISOR, TECHNICIAN)),
    "PowerService/RunDrill": Rule((SUPERVISOR, TECHNICIAN)),
    "PowerService/ListDrills": _LOOK,
    # The host calls this while it goes down: nobody can sign on then.
    "PowerService/PrepareForPowerLoss": Rule((SUPERVISOR, TECHNICIAN), free_to_keepers=True),
    "BackupService/CreateBackup": Rule((SUPERVISOR, TECHNICIAN), liftable=True),
    "BackupService/ListBackups": Rule((SUPERVISOR, TECHNICIAN)),
    "BackupService/CheckBackup": Rule((SUPERVISOR, TECHNICIAN)),
    "BackupService/RunRestoreDrill": Rule((SUPERVISOR, TECHNICIAN)),
    "BackupService/GetDataStatus": Rule((SUPERVISOR, TECHNICIAN)),
    "BackupService/PlanRestore": Rule((OWNER,)),
    "BackupService/CommitRestore": Rule((OWNER,)),
    "BackupService/PlanClean": Rule((OWNER,)),
    "BackupService/CommitClean": Rule((OWNER,)),
    "BackupService/GoLive": Rule((OWNER,)),
    "PredecessorService/PlanImport": _MEND,
    "PredecessorService/CommitImport": _MEND,
    "PredecessorService/ListImports": _LOOK,
    "PredecessorService/FindImportedSales": _LOOK,
    "PredecessorService/ListImportedReports": _MANAGE,
    "UpgradeService/GetVersions": _LOOK,
    "UpgradeService/ListBundles": _MEND,
    "UpgradeService/StageBundle": _MEND,
    "UpgradeService/PreflightUpgrade": Rule((SUPERVISOR, TECHNICIAN)),
    "UpgradeService/StartUpgrade": _MEND,
    "UpgradeService/GetUpgrade": _LOOK,
    "UpgradeService/WatchUpgrade": _LOOK,
    "UpgradeService/CancelUpgrade": Rule((SUPERVISOR, TECHNICIAN)),
    "UpgradeService/RollBack": _MEND,
    "JournalService/GetStatus": _LOOK,
    "JournalService/WatchJournal": _LOOK,
    "JournalService/Verify": Rule((SUPERVISOR, TECHNICIAN)),
    "SystemService/GetStatus": _ANYBODY,
    "SystemService/WatchEvents": _LOOK,
    "SystemService/GetDiagnostics": Rule((SUPERVISOR, TECHNICIAN)),
    "ShiftService/SignOn": _ANYBODY,
    "ShiftService/SignOff": _ANYBODY,
    "ShiftService/OpenDay": _SELL,
    "ShiftService/CloseDay": _MANAGE,
    "ShiftService/GetDay": _LOOK,
    "ShiftService/OpenShift": _SELL,
    "ShiftService/LockShift": _SELL,
    "ShiftService/UnlockShift": _SELL,
    "ShiftService/RecordMovement": _MANAGE,
    "ShiftService/EndShift": _SELL,
    "ShiftService/DeclareCount": _SELL,
    "ShiftService/HandOver": _MANAGE,
    "ShiftService/CloseShift": _MANAGE,
    "ShiftService/CorrectCount": _MANAGE,
    "ShiftService/ExceptTender": _MANAGE,
    "ShiftService/GetShift": _LOOK,
    "ShiftService/ListShifts": _LOOK,
    "ShiftService/GetXReport": _MANAGE,
    "ShiftService/GetZReport": _MANAGE,
    "ShiftService/ListZReports": _MANAGE,
    "ShiftService/PrintReport": _MANAGE,
    "ShiftService/ExplainOverShort": _MANAGE,
    "RecoveryService/GetReport": _LOOK,
    "RecoveryService/ResolveItem": _SELL,
    "RecoveryService/OpenBackEntry": _MANAGE,
    "RecoveryService/PutSlip": _MANAGE,
    "RecoveryService/MarkSlip": _MANAGE,
    "RecoveryService/Reconcile": _MANAGE,
    "RecoveryService/CloseBackEntry": _MANAGE,
    "RecoveryService/GetSlipBook": _LOOK,
    "RecoveryService/ListSlipBooks": _LOOK,
    "RecoveryService/PrintSlipBook": _MANAGE,
    "RecoveryService/PrintSuspendedSales": _SELL,
    "AccessService/GetCaller": _ANYBODY,
    "AccessService/ListOperators": Rule((SUPERVISOR, TECHNICIAN)),
    "AccessService/PutOperator": Rule((SUPERVISOR,)),
    "AccessService/SetPin": Rule((OBSERVER,)),
    "AccessService/DisableOperator": Rule((SUPERVISOR,)),
    "AccessService/IssueToken": Rule((TECHNICIAN,)),
    "AccessService/AdmitCertificate": Rule((TECHNICIAN,)),
    "AccessService/RevokeToken": Rule((TECHNICIAN,)),
    "AccessService/ListTokens": Rule((SUPERVISOR, TECHNICIAN)),
    "AccessService/IssueSetupCode": Rule((), before_sign_on=True, admin_only=True),
    "AccessService/RedeemSetupCode": Rule((), before_sign_on=True, admin_only=True),
}


def rule_of(method: str) -> Rule:
    """The row of "Service/Method"; for one without a row, one that lets nobody in."""
    return RULES.get(method, _NOBODY)


class Finer(NamedTuple):
    """A rule for some requests of an RPC."""

    rpc: str
    when: str
    roles: tuple[Role, ...]
    liftable: bool = True


NO_SALE: Final = Finer("DrawerService/OpenDrawer", "the reason is NO_SALE", (SUPERVISOR,))
DRAWER_TEST: Final = Finer(
    "DrawerService/OpenDrawer", "the reason is TEST", (SUPERVISOR, TECHNICIAN)
)
DRAWER_COUNT: Final = Finer(
    "DrawerService/OpenDrawer", "it is FLOAT or COUNT, and no shift sells", (CASHIER,)
)
DRAWER_WORK: Final = Finer("DrawerService/OpenDrawer", "any other reason", (SUPERVISOR,))
"""Were a cashier to name another reason than NO_SALE, it would be an opening that no Z counts."""
WRITE_OFF: Final = Finer(
    "CheckoutService/ResolveTender", "the outcome is WRITTEN_OFF", (SUPERVISOR,)
)
ANOTHERS_LOCK: Final = Finer(
    "ShiftService/UnlockShift", "the shift is another operator's", (SUPERVISOR,)
)
FORCED_CLAIM: Final = Finer(
    "DeviceService/Claim", "it is taken by force", (TECHNICIAN,), liftable=False
)
OTHERS_OF_STAFF: Final = Finer(
    "AccessService/SetPin",
    "it is another's: a cashier's or observer's",
    (SUPERVISOR,),
    liftable=False,
)
ANY_OPERATOR: Final = Finer(
    "AccessService/PutOperator",
    "the operator is, or is to be, more than a cashier; also of SetPin and DisableOperator",
    (OWNER,),
    liftable=False,
)
UPGRADE_RISK: Final = Finer(
    "UpgradeService/StartUpgrade",
    "mains, battery or backup is overridden; also of RollBack",
    (OWNER,),
    liftable=False,
)
FINER: Final = (
    NO_SALE,
    DRAWER_TEST,
    DRAWER_COUNT,
    DRAWER_WORK,
    WRITE_OFF,
    ANOTHERS_LOCK,
    FORCED_CLAIM,
    OTHERS_OF_STAFF,
    ANY_OPERATOR,
    UPGRADE_RISK,
)
