"""The errors of `assistant`. Each message says what failed, the value, and how to fix it."""

from __future__ import annotations


class AssistantError(Exception):
    """Root of everything that `assistant` raises on purpose."""


class SettingsError(AssistantError):
    """A setting is missing, unknown or out of range."""


class ModelError(AssistantError):
    """A language model is missing, does not load or does not answer."""


class ParseError(AssistantError):
    """A turn could not be parsed."""


class HistoryError(AssistantError):
    """The shop database refused an operation on events, profiles or conversations."""


class CommerceError(AssistantError):
    """A cart or order operation is not possible; the message is fit for the shopper."""


class UnknownConversationError(AssistantError):
    """There is no such conversation for this shopper."""


class UnknownUserError(AssistantError):
    """There is no such shopper."""


class SampleError(AssistantError):
    """The sample store's data is missing or damaged."""


class ConflictError(HistoryError):
    """Another turn of the same conversation was stored first; load it again and retry."""
