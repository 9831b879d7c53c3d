"""How long anything is waited for."""

import os
import time

import pytest
from botocore.exceptions import ClientError

# Wide: the machine may be busy. Nothing here measures speed.
PATIENCE = int(os.environ.get("INROAD_PATIENCE", "90"))


def until(check, what="", patience=PATIENCE, every=0.05):
    """Waits for a condition; what it came to is given back. `what`: a text, or what makes one."""
    deadline = time.monotonic() + patience
    while True:
        try:
            seen = check()
        except ClientError as error:
            # Gone between two questions: asked in the middle of a change.
            if not error.response["Error"]["Code"].endswith("NotFound"):
                raise
            seen = None
        if seen:
            return seen
        if time.monotonic() > deadline:
            pytest.fail(f"never came true: {what() if callable(what) else what or check}")
        time.sleep(every)
