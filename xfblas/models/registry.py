"""Which rule reads which layer: search for ``"LayerNormalization"`` to find that of one."""

#: Rules by the name of the layer's class: from a LayerSpec to a list of operations.
RULES = {}
#: Why a layer cannot be part of a plain chain.
NO_SUCH_LAYER = "the engine has no such layer"


def reads(*class_names: str):
    """Registers a rule for layers of these classes."""

    def register(rule):
        RULES.update(dict.fromkeys(class_names, rule))
        return rule

    return register
