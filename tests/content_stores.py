"""What tests of content stores share: people, messages, and ways to store them."""

from __future__ import annotations

from choir_model.adapters.edge import EdgeContent
from choir_model.content.port import ReferenceContent
from choir_model.domain.identity import RecordKey, content_hash
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.ports.content import ContentPort, Message, Stored, Viewer
from choir_model.ports.content_design import EVERY
from choir_model.ports.embeddings import HashedWords

ADA, BOB, CYD, THREAD, OTHER = (bytes([n]) * 32 for n in range(1, 6))
EMBED = HashedWords().embed
ANYONE = Viewer(CYD)
NEW, ALREADY = Stored(already=False), Stored(already=True)


def message(
    content: str,
    *,
    author: bytes = ADA,
    thread: bytes = THREAD,
    status: Status = Status.PUBLISHED,
    privacy: Privacy = Privacy.PUBLIC,
    created_at: int = 0,
) -> Message:
    key = RecordKey(thread, author, content_hash(content))
    return Message(key, content, status, privacy, created_at)


def store(port: ContentPort, *messages: Message) -> None:
    for each in messages:
        assert port.upsert(each, EMBED(each.content)) == NEW


class Stores:
    """A store of every kind and design, by name; each is emptied when it is asked for again."""

    def __init__(self) -> None:
        self._edges: dict[str, EdgeContent] = {}

    def empty(self, name: str) -> ContentPort:
        engine, design = STORES[name]
        if engine == "reference":
            return ReferenceContent(design=design)
        if name not in self._edges:
            self._edges[name] = EdgeContent(design=design)
        self._edges[name].reset()
        return self._edges[name]

    def close(self) -> None:
        for edge in self._edges.values():
            edge.close()


STORES = {
    f"{engine}, {design}": (engine, design) for design in EVERY for engine in ("reference", "edge")
}
