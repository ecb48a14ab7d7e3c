from addons.endpoints import ENDPOINTS, FAMILY_DIALECT
from translators import SPOKEN


def test_every_endpoint_speaks_something_that_we_know() -> None:
    for endpoint in ENDPOINTS:
        assert endpoint.spoken is SPOKEN[endpoint.dialect]


def test_no_path_comes_twice() -> None:
    places = [(endpoint.family, endpoint.path) for endpoint in ENDPOINTS]
    assert len(set(places)) == len(places)
    assert all(path.startswith("/") and not path.endswith("/") for _, path in places)


def test_every_family_tells_errors_in_a_dialect_of_its_own() -> None:
    assert FAMILY_DIALECT.keys() == {endpoint.family for endpoint in ENDPOINTS}
    assert set(FAMILY_DIALECT.values()) <= SPOKEN.keys()


def test_metrics_tell_endpoints_apart() -> None:
    kinds = {(endpoint.operation, endpoint.spoken.KIND or endpoint.dialect) for endpoint in ENDPOINTS}
    assert len({operation for operation, _ in kinds}) == len(kinds)
