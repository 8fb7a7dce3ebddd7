"""What must stand in the environment before anything is imported: no test reaches the network."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

pytest_plugins = ["browser"]


def pytest_collection_modifyitems(items):
    """Run what needs a browser last: its driver keeps an event loop in this thread, where asyncio.run then fails."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
