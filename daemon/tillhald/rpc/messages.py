"""The cashier's sentence for each reason, in English and Simplified Chinese."""

from __future__ import annotations

from typing import Final

EN: Final = {
    "FIELD_INVALID": "Something in the request is not right.",
    "MALFORMED_REQUEST": "The request could not be read.",
    "REQUEST_TOO_LARGE": "The request is too large.",
    "CURRENCY_MISMATCH": "The till takes another currency.",
    "BAD_SCALE": "A number has too many decimals.",
    "AMOUNT_OUT_OF_RANGE": "An amount is too large.",
    "TOO_MANY_LINES": "The sale has too many lines. Split it.",
    "TOO_MANY_TENDERS": "Too many tenders for one sale.",
    "DISCOUNT_TOO_LARGE": "The discount is more than the price.",
    "TENDER_SUM_MISMATCH": "The money does not add up to the total.",
    "CHANGE_NOT_ALLOWED": "No change can be given on this tender.",
    "DOCUMENT_INVALID": "This cannot be printed.",
    "TEXT_NOT_PRINTABLE": "The printer cannot print this text.",
    "SHIFT_NOT_OPEN": "Open a shift first.",
    "DAY_NOT_OPEN": "Open the business day first.",
    "SALE_STATE": "The sale is not in a state for this.",
    "SALE_EMPTY": "The sale has no items.",
    "TENDER_UNRESOLVED": "Find out first how the tender ended.",
    "TENDER_STATE": "The tender is settled already.",
    "RETURN_EXCEEDS_SOLD": "More would come back than was sold.",
    "ALREADY_VOIDED": "The sale has been voided already.",
    "TOO_MANY_OPEN_SALES": "Too many sales are open. Finish some first.",
    "NO_PRINTER": "There is no receipt printer.",
    "NO_DRAWER_SWITCH": "The till cannot see whether the drawer is shut.",
    "NOT_SUPPORTED": "This device cannot do that.",
    "JOB_STATE": "The print job is not in a state for this.",
    "BATTERY_LOW": "The battery is low. Finish this sale; begin no new one.",
    "SELF_TEST_NOT_NOW": "The UPS cannot be tested now. Finish the sale first.",
    "SALE_NOT_FOUND": "The sale was not found.",
    "LINE_NOT_FOUND": "The item is not in the sale.",
    "TENDER_NOT_FOUND": "The tender is not in the sale.",
    "DEVICE_NOT_FOUND": "There is no such device.",
    "JOB_NOT_FOUND": "There is no such print job.",
    "UPS_NOT_FOUND": "There is no such UPS.",
    "OUTAGE_NOT_FOUND": "There is no such power outage.",
    "SALE_EXISTS": "This sale exists already.",
    "TENDER_EXISTS": "This tender exists already.",
    "JOB_EXISTS": "This print job exists already.",
    "KICK_EXISTS": "This drawer request exists already.",
    "SELF_TEST_EXISTS": "This test of the UPS exists already.",
    "REQUEST_ID_REUSED": "The request was sent before with other content.",
    "VERSION_CONFLICT": "Somebody else has changed the sale. Look at it again.",
    "CLAIMED": "Another screen uses this device. Wait, or ask there.",
    "CLAIM_LOST": "Another screen has taken over this device.",
    "CURSOR_AHEAD": "The till's journal does not reach that far.",
    "QUEUE_FULL": "The till is busy. Try again in a moment.",
    "CONFIG_INVALID": "The configuration has mistakes. Nothing was changed.",
    "DEVICE_BUSY": "The device is in use. Try again in a moment.",
    "DEVICE_NOT_REPLACED": "The device is the one that is known.",
    "HEALTH_CHECK_NOT_FOUND": "The check is over.",
    "DEVICE_OFFLINE": "The device is not ready. Check power, cable, paper and cover.",
    "DEVICE_TIMEOUT": "The device did not answer. Look at it before trying again.",
    "DEVICE_STUCK": "The device does not answer. Switch it off and on.",
    "DEVICE_FAILED": "The device reports a fault.",
    "DEVICE_UNKNOWN": "There is no such device.",
    "STORAGE_FAILED": "The till cannot save. Do not go on; call for help.",
    "DISK_RESERVE": "The till's memory is full. Finish open sales; call for help.",
    "JOURNAL_CORRUPT": "The till's records are damaged. Call for help.",
    "JOURNAL_IN_USE": "Another program uses the till's records.",
    "JOURNAL_EXISTS": "There is a journal already.",
    "JOURNAL_MISSING": "The till's records were not found.",
    "SHUTTING_DOWN": "The till is shutting down.",
    "INTERNAL": "The till made a mistake. Try again or call for help.",
}

ZH: Final = {
    "FIELD_INVALID": "请求中有内容不正确。",
    "MALFORMED_REQUEST": "无法读取该请求。",
    "REQUEST_TOO_LARGE": "请求内容过大。",
    "CURRENCY_MISMATCH": "币种与本收银机不一致。",
    "BAD_SCALE": "小数位数过多。",
    "AMOUNT_OUT_OF_RANGE": "金额超出范围。",
    "TOO_MANY_LINES": "商品行数过多，请分单。",
    "TOO_MANY_TENDERS": "付款方式过多。",
    "DISCOUNT_TOO_LARGE": "优惠大于价格。",
    "TENDER_SUM_MISMATCH": "付款金额与应付金额不符。",
    "CHANGE_NOT_ALLOWED": "该付款方式不能找零。",
    "DOCUMENT_INVALID": "该内容无法打印。",
    "TEXT_NOT_PRINTABLE": "打印机无法打印这段文字。",
    "SHIFT_NOT_OPEN": "请先开班。",
    "DAY_NOT_OPEN": "请先开始营业日。",
    "SALE_STATE": "当前单据状态不允许此操作。",
    "SALE_EMPTY": "单据中没有商品。",
    "TENDER_UNRESOLVED": "请先确认付款结果。",
    "TENDER_STATE": "该付款已有结果。",
    "RETURN_EXCEEDS_SOLD": "退货数量超过销售数量。",
    "ALREADY_VOIDED": "该单已作废。",
    "TOO_MANY_OPEN_SALES": "未完成的单据过多，请先处理。",
    "NO_PRINTER": "没有小票打印机。",
    "NO_DRAWER_SWITCH": "无法得知钱箱是否关闭：没有感应开关，或尚未校准。",
    "NOT_SUPPORTED": "该设备不支持此操作。",
    "JOB_STATE": "该打印任务当前状态不允许此操作。",
    "BATTERY_LOW": "备用电源电量低，请完成当前交易，不要开始新的交易。",
    "SELF_TEST_NOT_NOW": "现在不能测试备用电源，请先完成交易。",
    "SALE_NOT_FOUND": "找不到该单据。",
    "LINE_NOT_FOUND": "单据中没有该商品。",
    "TENDER_NOT_FOUND": "单据中没有该付款。",
    "DEVICE_NOT_FOUND": "没有该设备。",
    "JOB_NOT_FOUND": "没有该打印任务。",
    "UPS_NOT_FOUND": "没有该备用电源。",
    "OUTAGE_NOT_FOUND": "没有该停电记录。",
    "SALE_EXISTS": "该单据已存在。",
    "TENDER_EXISTS": "该付款已存在。",
    "JOB_EXISTS": "该打印任务已存在。",
    "KICK_EXISTS": "该开钱箱请求已存在。",
    "SELF_TEST_EXISTS": "该备用电源测试已存在。",
    "REQUEST_ID_REUSED": "同一请求号曾用于不同内容。",
    "VERSION_CONFLICT": "单据已被他人修改，请重新查看。",
    "CLAIMED": "该设备正被其他界面使用，请稍候或在那边操作。",
    "CLAIM_LOST": "该设备已被其他界面接管。",
    "CURSOR_AHEAD": "收银机记录还没有到这里。",
    "QUEUE_FULL": "收银机繁忙，请稍候再试。",
    "CONFIG_INVALID": "配置有误，未作任何更改。",
    "DEVICE_BUSY": "设备正在使用，请稍候再试。",
    "DEVICE_NOT_REPLACED": "该设备就是已登记的设备。",
    "HEALTH_CHECK_NOT_FOUND": "该检查已经结束。",
    "DEVICE_OFFLINE": "设备未就绪，请检查电源、连线、纸张和上盖。",
    "DEVICE_TIMEOUT": "设备没有应答，重试前请先查看设备。",
    "DEVICE_STUCK": "设备没有应答，请关机后重新开机。",
    "DEVICE_FAILED": "设备报告故障。",
    "DEVICE_UNKNOWN": "没有该设备。",
    "STORAGE_FAILED": "收银机无法保存数据，请停止操作并求助。",
    "DISK_RESERVE": "收银机存储空间已满，请先完成未结的交易并求助。",
    "JOURNAL_CORRUPT": "收银机记录已损坏，请求助。",
    "JOURNAL_IN_USE": "收银机记录正被其他程序使用。",
    "JOURNAL_EXISTS": "记录已存在。",
    "JOURNAL_MISSING": "找不到收银机记录。",
    "SHUTTING_DOWN": "收银机正在关机。",
    "INTERNAL": "收银机出错，请重试或求助。",
}

_CATALOGUES: Final = {"en": EN, "zh-CN": ZH}


def cashier_sentence(reason: str, accept_language: str) -> tuple[str, str]:
    """The locale and the sentence for a caller that sends this `accept-language`."""
    locale = "zh-CN" if prefers_chinese(accept_language) else "en"
    catalogue = _CATALOGUES[locale]
    return locale, catalogue.get(reason, catalogue["INTERNAL"])


def prefers_chinese(accept_language: str) -> bool:
    """RFC 9110 12.5.4, as far as two languages need it: the first one that is known counts."""
    for item in accept_language.split(","):
        tag = item.partition(";")[0].strip().lower()
        if tag.startswith("zh"):
            return True
        if tag.startswith("en"):
            return False
    return False
