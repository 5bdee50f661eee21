"""One suite per store interface, run on every backend."""

import pytest

pytest.register_assert_rewrite("tests.contracts.case_store", "tests.contracts.case_work")
