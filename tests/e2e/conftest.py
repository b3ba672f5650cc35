import pytest
from store_lan import StoreLan, why_not


@pytest.fixture(scope="session")
def store():
    """The emulated store in a namespace, for as long as the tests of this worker run."""
    if reason := why_not():
        pytest.skip(reason)
    lan = StoreLan()
    yield lan
    lan.close()
