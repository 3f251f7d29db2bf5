"""The servers, loads and turns of bench/store/run, as a module."""
import importlib.machinery
import importlib.util
import os
import sys

STORE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "store")
sys.path.insert(0, STORE)
loader = importlib.machinery.SourceFileLoader("store_run", os.path.join(STORE, "run"))
store = importlib.util.module_from_spec(importlib.util.spec_from_loader("store_run", loader))
loader.exec_module(store)
