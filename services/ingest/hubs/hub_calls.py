"""The calls of hubs, from whichever replica they reach to the owner of the feed: a record on its partition."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from schemas import codec, topics
from schemas.messages import HubNotice
from services import settings
from services.ingest.hubs import websub_server
from services.ingest.hubs.websub import Callbacks
from services.ingest.state_log import HUB_KEY
from services.ingest.world import World
from services.kafka import Producer


def callbacks_of(configured: settings.Ingest) -> Callbacks | None:
    """None where hubs cannot reach us. Raises SystemExit where there is nothing to derive secrets from."""
    if not configured.websub_url:
        return None
    try:
        return Callbacks(configured.websub_url, settings.Secrets().encryption_keys.get_secret_value())
    except ValueError:
        raise SystemExit("NEWS_WEBSUB_URL needs NEWS_ENCRYPTION_KEYS: `python -m services.index key`") from None


@asynccontextmanager
async def listening(
    callbacks: Callbacks | None, producer: Producer, world: World, configured: settings.Ingest
) -> AsyncIterator[None]:
    """Listen to hubs while the block runs, where they can reach us. What they say goes to the feed's owner."""
    if callbacks is None:
        yield
        return

    async def tell(notice: HubNotice) -> None:
        partition = await producer.partition_of(topics.FEED_STATE, notice.feed_id)
        kind = "push" if notice.kind == "push" else "lease"
        key = f"{HUB_KEY}{kind}/{notice.feed_id}"
        await producer.send(topics.FEED_STATE, key, codec.encode(notice), partition=partition)

    app = websub_server.application(callbacks, tell, world.now)
    async with websub_server.serving(app, configured.websub_host, configured.websub_port):
        yield
