"""Names: prepared once per person, compared by levels of evidence.

``prepare_name`` does the costly part (folding, syllables); ``compare_names`` is cheap.
``names.latin`` compares other texts of Latin script, ``names.newborns`` reads 某某之子.
"""

from services.identity.matching.names.aliases import AliasTable, load_aliases, parse_aliases
from services.identity.matching.names.comparing import compare_names, name_keys, similarity
from services.identity.matching.names.forms import NameForm, prepare_name
from services.identity.matching.names.levels import NameLevel

__all__ = [
    "AliasTable",
    "NameForm",
    "NameLevel",
    "compare_names",
    "load_aliases",
    "name_keys",
    "parse_aliases",
    "prepare_name",
    "similarity",
]
