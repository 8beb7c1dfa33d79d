"""Telling the user, once for each model, that it is used on guesses."""

from codex_rpc.protocol.notifications import WarningNotification
from codex_rpc.session.turn_context import TurnContext


def warn_of_unknown_model(turn: TurnContext) -> None:
    """Say what is assumed of the turn's model, if nothing is known of it."""
    model, told = turn.model, turn.session_state.guessed_models
    if model.known or model.slug in told:
        return
    told.add(model.slug)
    key = f'[model_providers.{turn.services.provider.id}.models."{model.slug}"]'
    turn.emit(
        WarningNotification(
            thread_id=turn.thread_id,
            message=(
                f"Nothing is known of the model `{model.slug}`: a context window of "
                f"{model.context_window:,} tokens is assumed, without images or reasoning. "
                f"If you know better, say so in config.toml, under {key}."
            ),
        )
    )
