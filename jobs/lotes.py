"""Bulk approvals that take longer than a person waits. Jobs run inside the worker's application context."""

from __future__ import annotations

from services import after, desk_batch


def work(lote_id: int) -> int:
    """See services.desk_batch.work; what is left goes to the end of the queue, so that mails are not kept waiting."""
    left = desk_batch.work(lote_id)
    if left:
        after.send("jobs.lotes.work", lote_id)
    return left
