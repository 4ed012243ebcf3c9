"""What a host holds for its whole life is no matter of the collector's any more."""

import gc

from shared.runtime.memory import settle


def test_what_is_loaded_is_set_aside() -> None:
    """Goal: a full collection looks only at what came later, and rubbish is not kept. Method: a
    cycle that nobody holds, settled; what is looked at before and after."""
    before = len(gc.get_objects())
    cycle: list[object] = []
    cycle.append(cycle)
    lost = id(cycle)
    del cycle
    try:
        settle()
        assert gc.get_freeze_count() > 0.8 * before
        assert len(gc.get_objects()) < 0.2 * before
        gc.unfreeze()
        assert lost not in {
            id(each)
            for each in gc.get_objects()
            if isinstance(each, list) and each and each[0] is each
        }
    finally:
        gc.unfreeze()
