"""What must stand in the environment before anything is imported: no test reaches the network."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

pytest_plugins = ["browser"]
