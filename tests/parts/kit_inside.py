"""Run in the environment of `kit.lock`: questions about charts and Compose files, as JSON in and out. It knows nothing of the project."""

import json
import re
import sys

import yaml


def lint(chart, values):
    """What Helm finds wrong with a chart, as strict as it can be."""
    from helm_python.chart import lint as helm_lint

    answer = helm_lint(chart, values=values, strict=True, kube_version="1.31.0")
    # A picture for catalogues is a wish.
    return answer["errors"] + [one for one in answer["messages"] if one["error"] != "icon is recommended"]


def render(chart, values, version):
    """The resources that a chart makes of values, each valid for that version of Kubernetes and with no member that it does not know."""
    import kubernetes_validate
    from helm_python import Chart

    with Chart.load(chart) as loaded:
        files = loaded.render(values=values, name="stafett", namespace="leads")
    texts = [text for name, text in sorted(files.items()) if name.endswith(".yaml")]
    resources = [one for text in texts for one in yaml.safe_load_all(text) if one]
    for one in resources:
        kubernetes_validate.validate(one, version, strict=True)
    return resources


def refused(chart, values):
    """Why Helm makes nothing of these values; empty where it does."""
    from helm_python import Chart
    from helm_python.errors import HelmError

    with Chart.load(chart) as loaded:
        try:
            loaded.render(values=values, name="stafett", namespace="leads")
        except HelmError as error:
            return [str(error)]
    return []


def compose(text):
    """The services of a Compose file that follows the specification, with no member that it does not know; what it refers to is there."""
    from compose_spec import PyCompose

    # Defaults of variables are filled in, and keys merged, before a file is looked at.
    filled = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
    file = PyCompose.from_yaml(yaml.safe_dump(yaml.safe_load(filled)))
    file.validate()
    return sorted(file.services)


if __name__ == "__main__":
    print(
        json.dumps(
            {"lint": lint, "render": render, "refused": refused, "compose": compose}[sys.argv[1]](
                **json.load(sys.stdin)
            )
        )
    )
