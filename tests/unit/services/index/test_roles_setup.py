"""Roles ask for documented privileges, on indices that exist, and for no more than the code needs."""

import inspect
from fnmatch import fnmatchcase

import pytest
from elasticsearch import AsyncElasticsearch

from services.index import indices, roles_setup

# The names used, from elastic.co/docs, "Elasticsearch privileges": a misspelt one would be refused, or grant nothing.
CLUSTER = {"monitor", "manage_index_templates"}
INDEX = {"all", "read", "index", "delete", "maintenance", "view_index_metadata"}


def privileges(name: str, index: str) -> set[str]:
    """What the role may do with the index, by its alias and by its name alike."""
    by_name = [
        {
            privilege
            for entry in roles_setup.role(name)["indices"]
            if any(fnmatchcase(asked, pattern) for pattern in entry["names"])
            for privilege in entry["privileges"]
        }
        for asked in (index, f"{index}-000001")
    ]
    assert by_name[0] == by_name[1], (name, index)
    return by_name[0]


@pytest.mark.parametrize("name", roles_setup.ALL)
def test_a_role_is_what_the_role_api_takes(name: str) -> None:
    role = roles_setup.role(name)
    assert (
        role.keys()
        <= inspect.signature(AsyncElasticsearch("http://localhost:9200").security.put_role).parameters.keys()
    )
    assert set(role["cluster"]) <= CLUSTER
    for entry in role["indices"]:
        assert entry.keys() == {"names", "privileges"}
        assert set(entry["privileges"]) <= INDEX


@pytest.mark.parametrize("index", indices.ALL)
def test_every_index_is_read_by_a_service_and_managed_by_admins(index: str) -> None:
    by_admins_only = index == indices.JOBS
    assert by_admins_only != any("read" in privileges(f"news_{service}", index) for service in roles_setup.SERVICES)
    assert privileges("news_admin", index) == {"all"}


@pytest.mark.parametrize("name", ["news_reader", "news_writer", "news_enrich"])
def test_who_only_reads_cannot_write_nor_see_what_is_secret(name: str) -> None:
    allowed = {index: privileges(name, index) for index in indices.ALL}
    assert set().union(*allowed.values()) <= {"read", "view_index_metadata"}
    assert not allowed[indices.ENDPOINTS] | allowed[indices.OUTBOX]


def test_the_writer_of_items_cannot_delete_nor_see_endpoints() -> None:
    assert privileges("news_index", indices.NEWS) == {"read", "index", "view_index_metadata"}
    assert privileges("news_index", indices.ENDPOINTS) == set()
    assert privileges("news_index", indices.SEARCHES) == {"read", "view_index_metadata"}
