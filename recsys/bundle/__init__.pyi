from .bundle import ModelBundle as ModelBundle
from .bundle import load_bundle as load_bundle
from .manifest import Header as Header
from .manifest import Manifest as Manifest
from .store import Store as Store
