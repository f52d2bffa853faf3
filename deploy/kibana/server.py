"""Kibana's saved objects API, as far as an import needs it. The only file that speaks to Kibana.

Documented at https://www.elastic.co/docs/api/doc/kibana: exporting by id answers 400 and names the objects that are
not there; importing answers 200 with success=false and the errors inside; an API call into a space that does not
exist is not refused, hence the look beforehand.
"""

import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx
import msgspec

from deploy.kibana.errors import Refused, Unreachable
from deploy.kibana.saved import Object, lines
from services import settings

TIMEOUT_S: Final = 60.0
NOT_READY: Final = (429, 502, 503, 504)
FILE_NAME: Final = "news-monitor.ndjson"
# Errors that a person could resolve: then Kibana writes no object of the file, though it lists the others as successes
WRITES_NOTHING: Final = ("conflict", "ambiguous_conflict", "missing_references")
WHAT_TO_DO: Final = {
    401: "check NEWS_KIBANA_API_KEY, or NEWS_KIBANA_USERNAME and NEWS_KIBANA_PASSWORD",
    403: "the user needs all privileges of Saved Objects Management in this space, and to read its spaces",
    404: "is this Kibana, and is its base path in the URL?",
}


class Written(msgspec.Struct, frozen=True):
    """What an import did. taken: the ids that Kibana took. failures: a line for each that it did not take."""

    taken: frozenset[str]
    failures: list[str]


class Kibana:
    """Kibana in one space. Close it, or use it as a context."""

    def __init__(self, configured: settings.Kibana, space: str = "") -> None:
        self.url = configured.kibana_url.rstrip("/")
        self._space = space
        self._within = f"/s/{quote(space, safe='')}" if space else ""
        self._client = httpx.Client(
            headers={"kbn-xsrf": "true"} | _key(configured),
            auth=_user(configured),
            verify=_trusted(configured),
            timeout=TIMEOUT_S,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def check_space(self) -> None:
        """Raise Refused where the space does not exist; Unreachable."""
        if not self._space:
            return
        with self._errors():
            answer = self._client.get(f"{self.url}/api/spaces/space/{quote(self._space, safe='')}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise Refused(f"{self.url} has no space {self._space!r}: create it, or check its identifier (not its name)")
        self._content(answer)

    def export(self, wanted: Iterable[Object]) -> dict[str, Object]:
        """Return those of these objects that are there, by id, as Kibana has them. Raises Refused, Unreachable."""
        left = {(one["type"], one["id"]) for one in wanted}
        while left:
            body = {
                "objects": [{"type": kind, "id": object_id} for kind, object_id in sorted(left)],
                "includeReferencesDeep": False,
                "excludeExportDetails": True,
            }
            with self._errors():
                answer = self._client.post(f"{self.url}{self._within}/api/saved_objects/_export", json=body)
            missing = _missing(answer)
            if not missing & left:
                found = [_json(self.url, line) for line in self._content(answer).splitlines() if line.strip()]
                return {one["id"]: one for one in found}
            left -= missing
        return {}

    def write(self, objects: Sequence[Object], *, overwrite: bool) -> Written:
        """Import the objects and return which of them Kibana took. Raises Refused, Unreachable."""
        if not objects:
            return Written(frozenset(), [])
        with self._errors():
            answer = self._client.post(
                f"{self.url}{self._within}/api/saved_objects/_import",
                params={"overwrite": "true"} if overwrite else {},
                files={"file": (FILE_NAME, lines(objects), "application/ndjson")},
            )
        outcome = _json(self.url, self._content(answer))
        errors = outcome.get("errors", [])
        failures = list(_failures(errors))
        if outcome.get("success") is not True and not failures:
            failures = ["no reason given"]
        if any(one.get("error", {}).get("type") in WRITES_NOTHING for one in errors):
            return Written(frozenset(), [*failures, f"so Kibana wrote none of these {len(objects)}"])
        taken = frozenset(one["id"] for one in outcome.get("successResults", []) if "destinationId" not in one)
        return Written(taken, failures)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except httpx.InvalidURL as error:
            raise Refused(f"{self.url} is not a URL: {error}") from error
        except httpx.UnsupportedProtocol as error:
            raise Refused(f"{self.url} is not an http or https URL") from error
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(
                f"{self.url} does not answer ({reason}): is Kibana up, is NEWS_KIBANA_URL right?"
            ) from error

    def _content(self, answer: httpx.Response) -> bytes:
        status = answer.status_code
        if status in NOT_READY:
            raise Unreachable(f"{self.url} answered {status}: Kibana is not ready; run it again")
        if answer.is_redirect:
            raise Refused(
                f"{self.url} answered {status}, go to {answer.headers.get('location')}: check NEWS_KIBANA_URL"
            )
        if not answer.is_success:
            todo = f"; {WHAT_TO_DO[status]}" if status in WHAT_TO_DO else ""
            raise Refused(f"{self.url} answered {status}: {_message(answer)}{todo}")
        return answer.content


def _key(configured: settings.Kibana) -> dict[str, str]:
    key = configured.kibana_api_key
    return {"Authorization": f"ApiKey {key.get_secret_value()}"} if key else {}


def _user(configured: settings.Kibana) -> tuple[str, str] | None:
    if configured.kibana_api_key or not configured.kibana_username:
        return None
    password = configured.kibana_password
    return configured.kibana_username, password.get_secret_value() if password else ""


def _trusted(configured: settings.Kibana) -> ssl.SSLContext | bool:
    if not configured.kibana_ca_file:
        return True
    try:
        return ssl.create_default_context(cafile=str(configured.kibana_ca_file))
    except (OSError, ssl.SSLError) as error:
        raise Refused(f"NEWS_KIBANA_CA_FILE {configured.kibana_ca_file} cannot be read: {error}") from error


def _json(url: str, content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise Refused(f"{url} answered something that is not JSON: is this Kibana?") from error


def _missing(answer: httpx.Response) -> set[tuple[str, str]]:
    """The objects that an export names as not there. Empty where it was refused for anything else."""
    if answer.status_code != httpx.codes.BAD_REQUEST:
        return set()
    try:
        told = answer.json()["attributes"]["objects"]
        if any(one["error"]["statusCode"] != httpx.codes.NOT_FOUND for one in told):
            return set()
        return {(one["type"], one["id"]) for one in told}
    except (ValueError, KeyError, TypeError):
        return set()


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200] or answer.reason_phrase


def _failures(errors: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in errors:
        error = one.get("error", {})
        match error.get("type"):
            case "conflict" | "ambiguous_conflict":
                why = (
                    "is there already, and was not before: somebody is importing too, or a copy of ours has another id"
                )
            case "missing_references":
                lacking = ", ".join(f"{ref.get('type')} {ref.get('id')}" for ref in error.get("references", []))
                why = f"refers to what is not there: {lacking}"
            case "unsupported_type":
                why = "is of a type that this Kibana does not import"
            case other:
                why = str(error.get("message") or other or "no reason given")
        yield f"{one.get('type')} {one.get('id')}: {why}"
