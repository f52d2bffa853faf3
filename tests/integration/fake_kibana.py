"""The part of Kibana's saved objects API that an import uses, on loopback: objects in spaces, and nothing else.

As documented: writes need kbn-xsrf; an import is a multipart file named .ndjson and answers 200 with success=false
where something was not taken, and where that is a conflict or a missing reference it stores nothing and lists the
others as successes all the same; an export by id answers 400 and names what is missing. Like a newer Kibana it changes
what it is given (`migrated`).
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATH = re.compile(r"(?P<base>/base)?(?:/s/(?P<space>[^/]+))?/api/(?P<api>.+)")


class FakeKibana:
    """What is stored, by space and (type, id). Set the attributes to make it misbehave."""

    def __init__(self) -> None:
        self.url = ""
        self.spaces: dict[str, dict[tuple[str, str], dict[str, Any]]] = {"default": {}}
        self.authorization: str | None = None
        self.always: tuple[int, bytes] | None = None
        self.refused: dict[str, dict[str, Any]] = {}
        self.writes = 0
        self.imports: list[tuple[str, bool, list[str]]] = []

    def objects(self, space: str = "default") -> dict[str, dict[str, Any]]:
        """What is stored in a space, by id."""
        return {object_id: one for (_, object_id), one in self.spaces[space].items()}

    def change(self, object_id: str, space: str = "default", **attributes: Any) -> None:
        """Somebody saves an object."""
        one = self.objects(space)[object_id]
        one["attributes"] |= attributes
        one["updated_at"] = self._now()

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if self.always:
            return self.always
        if self.authorization and headers.get("authorization") != self.authorization:
            return _told(401, "Unauthorized", "security_exception: unable to authenticate")
        split = urlsplit(path)
        found = PATH.fullmatch(split.path)
        if not found:
            return _told(404, "Not Found", "Not Found")
        api, space = found["api"], found["space"] or "default"
        if api.startswith("spaces/space/"):
            known = api.removeprefix("spaces/space/") in self.spaces
            return (200, json.dumps({"id": space}).encode()) if known else _told(404, "Not Found", "Not Found")
        if "kbn-xsrf" not in headers:
            return _told(400, "Bad Request", "Request must contain a kbn-xsrf header.")
        # As the real one: an API call into a space that nobody made is answered
        stored = self.spaces.setdefault(space, {})
        if api == "saved_objects/_export":
            return _export(stored, json.loads(body))
        if api == "saved_objects/_import":
            overwrite = parse_qs(split.query).get("overwrite") == ["true"]
            return self._import(space, stored, _file(headers["content-type"], body), overwrite)
        return _told(404, "Not Found", "Not Found")

    def _import(
        self, space: str, stored: dict[tuple[str, str], dict[str, Any]], content: bytes, overwrite: bool
    ) -> tuple[int, bytes]:
        taken, errors, made = [], [], {}
        objects = [json.loads(line) for line in content.splitlines()]
        self.imports.append((space, overwrite, [one["id"] for one in objects]))
        there = stored.keys() | {(one["type"], one["id"]) for one in objects}
        for one in objects:
            key = (one["type"], one["id"])
            lacking = [ref for ref in one["references"] if (ref["type"], ref["id"]) not in there]
            if one["id"] in self.refused:
                errors.append(_error(one, self.refused[one["id"]]))
            elif lacking:
                errors.append(_error(one, {"type": "missing_references", "references": lacking}))
            elif key in stored and not overwrite:
                errors.append(_error(one, {"type": "conflict"}))
            else:
                migrated = one["attributes"] | {"migrated": True}
                made[key] = one | {"attributes": migrated, "updated_at": self._now()}
                taken.append({"type": one["type"], "id": one["id"]})
        if not any(one["error"]["type"] in ("conflict", "missing_references") for one in errors):
            stored |= made
        outcome = {"success": not errors, "successCount": len(taken), "successResults": taken}
        return 200, json.dumps(outcome | ({"errors": errors} if errors else {})).encode()

    def _now(self) -> str:
        self.writes += 1
        return f"2026-01-01T00:00:00.{self.writes:03}Z"


def _export(stored: dict[tuple[str, str], dict[str, Any]], body: dict[str, Any]) -> tuple[int, bytes]:
    wanted = [(one["type"], one["id"]) for one in body["objects"]]
    missing = [
        {"type": kind, "id": object_id, "error": {"statusCode": 404, "error": "Not Found", "message": "not found"}}
        for kind, object_id in wanted
        if (kind, object_id) not in stored
    ]
    if missing:
        told = {"statusCode": 400, "error": "Bad Request", "message": "Error fetching objects to export"}
        return 400, json.dumps(told | {"attributes": {"objects": missing}}).encode()
    return 200, b"\n".join(json.dumps(stored[key]).encode() for key in wanted)


def _file(content_type: str, body: bytes) -> bytes:
    message = message_from_bytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + body, policy=policy.HTTP)
    [part] = message.iter_parts()
    assert part.get_param("name", header="content-disposition") == "file"
    assert (part.get_filename() or "").endswith(".ndjson")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def _error(one: dict[str, Any], error: dict[str, Any]) -> dict[str, Any]:
    return {"type": one["type"], "id": one["id"], "error": error}


def _told(status: int, error: str, message: str) -> tuple[int, bytes]:
    return status, json.dumps({"statusCode": status, "error": error, "message": message}).encode()


@contextmanager
def serving() -> Iterator[FakeKibana]:
    """Yield it while it listens."""
    fake = FakeKibana()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["content-length"])))

        def _answer(self, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, content = fake.answer(self.path, headers, body)
            self.send_response(status)
            if status in (301, 302):
                self.send_header("location", "/login")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
