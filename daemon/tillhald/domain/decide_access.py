"""What may become of operators, PINs, tokens and sign-ons; and what their facts do to the state."""

from __future__ import annotations

from typing import assert_never

from tillhald.domain import access, errors
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.access import AccessBook, FrontEndToken, Operator, Role, SignOn
from tillhald.domain.answers_access import OperatorAnswer, TokenAnswer
from tillhald.domain.state import TillState

AccessEvent = (
    ev.OperatorPut
    | ev.PinSet
    | ev.OperatorDisabled
    | ev.OperatorSignedOn
    | ev.OperatorSignedOff
    | ev.SignOnFailed
    | ev.TokenIssued
    | ev.TokenRevoked
    | ev.SetupCodeIssued
)


def decide_access(state: TillState, command: cmd.AccessCommand) -> list[ev.AnyEvent]:
    """The facts that `command` makes. Raises Refused.

    Whether the caller may ask for it was looked at before: see rpc.admission.
    """
    book = state.access
    match command:
        case cmd.PutOperator(operator=operator, name=name, role=role):
            if operator not in book.operators and len(book.operators) >= access.OPERATORS_MAX:
                sentence = "The till knows as many operators as it can."
                raise errors.TooManyOperators(sentence, limit=access.OPERATORS_MAX)
            before = book.operators.get(operator)
            if before is not None and before.role is Role.OWNER and role is not Role.OWNER:
                _an_owner_remains(book, operator)
            return [ev.OperatorPut(operator=operator, name=name, role=role)]
        case cmd.SetPin(operator=operator, pin_hash=pin_hash, by_code=by_code):
            if by_code and operator != book.setup_operator:
                raise errors.SetupCodeWrong("No such code is waiting.")
            if _known(book, operator).is_disabled:
                raise errors.OperatorDisabledAlready("Put the operator back first.")
            return [ev.PinSet(operator=operator, pin_hash=pin_hash, by_code=by_code)]
        case cmd.DisableOperator(operator=operator, reason=reason):
            if _known(book, operator).is_disabled:
                raise errors.OperatorDisabledAlready("The operator is disabled already.")
            _an_owner_remains(book, operator)
            return [ev.OperatorDisabled(operator=operator, reason=reason)]
        case cmd.IssueToken():
            return [_issued(book, command)]
        case cmd.RevokeToken(token_id=token_id, reason=reason):
            if book.token(token_id) is None:
                raise errors.TokenNotFound("No such token counts.", token_id=token_id)
            return [ev.TokenRevoked(token_id=token_id, reason=reason)]
        case _:
            assert_never(command)


def _known(book: AccessBook, operator: str) -> Operator:
    one = book.operators.get(operator)
    if one is None:
        raise errors.OperatorNotFound("There is no such operator.", operator=operator)
    return one


def _an_owner_remains(book: AccessBook, without: str) -> None:
    owners = {
        one.operator
        for one in book.operators.values()
        if one.role is Role.OWNER and not one.is_disabled
    }
    if owners == {without}:
        raise errors.LastOwner("This is the only owner: make another one first.")


def _issued(book: AccessBook, command: cmd.IssueToken) -> ev.TokenIssued:
    if book.token(command.token_id) is not None or command.digest in book.tokens:
        sentence = "There is such a token already."
        raise errors.TokenExists(sentence, token_id=command.token_id)
    if len(book.tokens) >= access.TOKENS_MAX:
        sentence = "As many tokens as there can be count; revoke some first."
        raise errors.TooManyTokens(sentence, limit=access.TOKENS_MAX)
    return ev.TokenIssued(
        token_id=command.token_id,
        front_end=command.front_end,
        kind=command.kind,
        digest=command.digest,
        role=command.role,
    )


def book_after_access(state: TillState, event: AccessEvent, at_ms: int) -> AccessBook:
    """The book after a fact."""
    book = state.access
    match event:
        case ev.OperatorPut(operator=operator, name=name, role=role):
            return access.operator_put(book, operator, name, role)
        case ev.PinSet(operator=operator, pin_hash=pin_hash, by_code=by_code):
            return access.pin_set(book, operator, pin_hash, by_code=by_code)
        case ev.OperatorDisabled(operator=operator):
            return access.operator_disabled(book, operator)
        case ev.OperatorSignedOn():
            one = SignOn(
                digest=event.digest,
                operator=event.operator,
                front_end=event.front_end,
                expires_ms=event.expires_ms,
            )
            return access.signed_on(book, one, at_ms)
        case ev.OperatorSignedOff(digest=digest):
            return access.signed_off(book, digest)
        case ev.SignOnFailed(operator=operator, failures=failures):
            return access.sign_on_failed(book, operator, failures, at_ms)
        case ev.TokenIssued():
            token = FrontEndToken(
                token_id=event.token_id,
                front_end=event.front_end,
                kind=event.kind,
                digest=event.digest,
                issued_ms=at_ms,
                role=event.role,
            )
            return access.token_issued(book, token)
        case ev.TokenRevoked(token_id=token_id):
            return access.token_revoked(book, token_id)
        case ev.SetupCodeIssued(operator=operator, digest=digest):
            return access.setup_code_issued(book, operator, digest)
        case _:
            assert_never(event)


def access_answer(state: TillState, command: cmd.AccessCommand) -> OperatorAnswer | TokenAnswer:
    """The answer to `command`, which has just led to `state`. It holds no hash."""
    match command:
        case cmd.PutOperator() | cmd.SetPin() | cmd.DisableOperator():
            one = state.access.operators[command.operator]
            return OperatorAnswer(
                operator=one.operator,
                name=one.name,
                role=one.role,
                has_pin=bool(one.pin_hash),
                is_disabled=one.is_disabled,
            )
        case cmd.IssueToken():
            token = state.access.tokens[command.digest]
            return TokenAnswer(
                token_id=token.token_id,
                front_end=token.front_end,
                kind=token.kind,
                role=token.role,
                issued_ms=token.issued_ms,
            )
        case cmd.RevokeToken():
            return TokenAnswer(token_id=command.token_id)
        case _:
            assert_never(command)
