"""What all tests share: reproducible random examples, and no silent skips where CI judges."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

#: The same examples each time, and no complaint about a slow machine.
settings.register_profile("derive", deadline=None, derandomize=True)
settings.load_profile("derive")

CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that is skipped has tested nothing: in CI it fails, unless it needs a device that CI does not have."""
    report = yield
    expected = hasattr(report, "wasxfail") or item.get_closest_marker("cuda") is not None
    if CI and report.skipped and not expected:
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself as a whole."""
    report = yield
    if CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report
