"""A page that publishes an answer from memory: one that is kept, or one that another search is making."""

from protocol.records import EndReason
from server.log.search_log import Outcome
from server.search.answers.answer import Answer, Ending
from server.search.paging.publishing.publication import Publication


async def follow(publication: Publication, answer: Answer) -> Ending | None:
    """Publish the chunks of an answer as they come; return how the page ended.

    None: the answer was abandoned. Everything that it has is published by then, and the page goes on after
    ``publication.last``.
    """
    published, trace = 0, publication.trace
    publication.on_stop = answer.wake
    while publication.stopped is None:
        if published < len(answer.parts):
            part = answer.parts[published]
            if await publication.publish(part) is Outcome.SUPERSEDED:
                publication.stop(EndReason.SUPERSEDED)
            published += 1
            trace.count("cached", part.rows)
        elif answer.ending is not None:
            await publication.enqueued()
            publication.counted(answer.ending.progress, answer.ending.last)
            return answer.ending
        elif answer.abandoned:
            await publication.enqueued()
            return None
        else:
            with trace.stage("cache"):
                await answer.change()
    await publication.enqueued()
    rejected = answer.parts[published - 1].rejected if published else []
    return Ending(publication.stopped, publication.progress, rejected, publication.last)
