"""One line per check, and the count at the end."""

import sys


class Report:
    def __init__(self, part):
        self.part = part
        self.passed = 0
        self.failed = 0

    def check(self, name, holds, detail=""):
        """`detail` is what to show when it does not hold."""
        if holds:
            self.passed += 1
            print(f"ok    {self.part}: {name}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {self.part}: {name}{f' ({shortened(detail)})' if detail != '' else ''}", flush=True)
        return bool(holds)

    def equal(self, name, actual, expected):
        return self.check(name, actual == expected, difference(actual, expected))

    def section(self, checks, *arguments):
        """Some checks that belong together; if they break off, that is one failure and the next ones still run."""
        try:
            checks(self, *arguments)
        except Exception as error:  # noqa: BLE001, whatever it is, it belongs in the report
            self.check(f"{checks.__name__} runs to its end", False, f"{type(error).__name__}: {error}")

    def finish(self):
        """The last line of a part, which tests/run adds up, and the exit status."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


def difference(actual, expected):
    if isinstance(actual, dict) and isinstance(expected, dict):
        keys = [key for key in {**expected, **actual} if actual.get(key) != expected.get(key)]
        shown = {key: (actual.get(key), expected.get(key)) for key in keys[:3]}
        return f"{len(keys)} differ, as (actual, expected): {shown}"
    if isinstance(actual, set) and isinstance(expected, set):
        return (
            f"{len(actual - expected)} too many {sorted(map(str, actual - expected))[:3]}, "
            f"{len(expected - actual)} missing {sorted(map(str, expected - actual))[:3]}"
        )
    return f"is {actual!r}, expected {expected!r}"


def shortened(detail):
    text = " ".join(str(detail).split())
    return text if len(text) <= 600 else f"{text[:600]} ..."
