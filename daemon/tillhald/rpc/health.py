"""A check's steps for the wire, with what a person is to do, in English and Simplified Chinese."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from tillhal.v1 import device_pb2 as pb
from tillhald.rpc.messages import prefers_chinese
from tillhald.rpc.to_wire import timestamp
from tillhald.service.health_news import Answer, Level, Report, Result, StepNews

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tillhald.service.health import HealthChecks

INSTRUCTIONS: Final = {
    "open_cover": ("Open the printer's cover.", "请打开打印机上盖。"),
    "close_cover": ("Close the printer's cover.", "请合上打印机上盖。"),
    "page_is_right": (
        "Look at the test page: is everything there and sharp, up to both edges?",
        "请查看测试页：内容是否完整、清晰，左右边缘是否都打印到？",
    ),
    "shut_drawer": ("Shut the drawer.", "请关上钱箱。"),
    "drawer_is_open": ("Did the drawer open?", "钱箱打开了吗？"),
    "scan_code": ("Scan this code with the scanner.", "请用扫描枪扫描此条码。"),
}
"""By the name of a step that needs a person."""

LEVELS: Final = {
    pb.HEALTH_LEVEL_INTERNAL: Level.INTERNAL,
    pb.HEALTH_LEVEL_EXTERNAL: Level.EXTERNAL,
    pb.HEALTH_LEVEL_INTERACTIVE: Level.INTERACTIVE,
}
ANSWERS: Final = {
    pb.HEALTH_ANSWER_YES: Answer.YES,
    pb.HEALTH_ANSWER_NO: Answer.NO,
    pb.HEALTH_ANSWER_SKIP: Answer.SKIP,
}
_STATES: Final = {
    Result.RUNNING: pb.HEALTH_STEP_STATE_RUNNING,
    Result.WAITING: pb.HEALTH_STEP_STATE_WAITING,
    Result.ASKING: pb.HEALTH_STEP_STATE_ASKING,
    Result.PASSED: pb.HEALTH_STEP_STATE_PASSED,
    Result.FAILED: pb.HEALTH_STEP_STATE_FAILED,
    Result.SKIPPED: pb.HEALTH_STEP_STATE_SKIPPED,
}


async def steps_of(
    checks: HealthChecks, device_id: str, level: Level, language: str, print_on: str
) -> AsyncGenerator[pb.CheckHealthResponse, None]:
    """The check as the wire tells it."""
    async with contextlib.aclosing(checks.check(device_id, level, print_on)) as steps:
        async for news in steps:
            match news:
                case StepNews():
                    told = _step(news, language)
                    yield pb.CheckHealthResponse(check_id=news.check_id, step=told)
                case Report():
                    report = pb.HealthReport(
                        passed=news.passed,
                        steps=[_step(step, language) for step in news.steps],
                        seq=news.seq,
                    )
                    yield pb.CheckHealthResponse(check_id=news.check_id, report=report)


def _step(news: StepNews, language: str) -> pb.HealthStep:
    english, chinese = INSTRUCTIONS.get(news.name, ("", ""))
    waits = news.state in (Result.WAITING, Result.ASKING)
    instruction = (chinese if prefers_chinese(language) else english) if waits else ""
    step = pb.HealthStep(
        number=news.number,
        name=news.name,
        state=_STATES[news.state],
        instruction=instruction,
        evidence=news.evidence,
        code=news.code,
    )
    if news.deadline_ms:
        step.deadline.CopyFrom(timestamp(news.deadline_ms))
    return step
