"""Where a JSON pointer stands in a file, as line and column from 1; JSON is read as the YAML that it is."""
import yaml


def places(text, pointer):
    """The places at which an error about `pointer` may be shown: its key and its value; of what is absent, its parent's."""
    node = yaml.compose(text.replace("\t", " "))
    found = {_mark(node)}
    for step in pointer.strip("/").split("/") if pointer else []:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, yaml.SequenceNode):
            if int(step) >= len(node.value):
                return found
            node = node.value[int(step)]
            found = {_mark(node)}
        elif isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == step), None)
            if pair is None:
                return found
            key, node = pair
            found = {_mark(key), _mark(node)}
        else:
            return found
    return found


def _mark(node):
    return node.start_mark.line + 1, node.start_mark.column + 1


def problems(answer):
    """Every {location, message, …} in a command's JSON output, wherever it stands, and the name of the list it stands in."""
    found = []

    def walk(value, name):
        if isinstance(value, dict):
            if "location" in value and "message" in value:
                found.append((name, value))
            for key, inner in value.items():
                walk(inner, key)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, name)

    walk(answer, "")
    return found
