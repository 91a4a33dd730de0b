"""Reads OSCAL assessment results with compliance-trestle and prints what its observations say.

In: a document on stdin. Out: a JSON list of [name, value] pairs for each observation; an error if trestle refuses it, if
two things have one id, or if something refers to what is not there.
"""

import json
import sys

from trestle.oscal.assessment_results import Model

results = Model.parse_obj(json.load(sys.stdin)).assessment_results
result = results.results[0]

ids = [results.uuid, result.uuid]
ids += [resource.uuid for resource in results.back_matter.resources]
for things in (result.observations, result.risks, result.findings):
    ids += [thing.uuid for thing in things or []]
assert len(ids) == len(set(ids)), "an id is used twice"

observations = {observation.uuid for observation in result.observations or []}
risks = {risk.uuid for risk in result.risks or []}
resources = {f"#{resource.uuid}" for resource in results.back_matter.resources}
assert results.import_ap.href in resources
for finding in result.findings or []:
    for related in finding.related_observations:
        assert related.observation_uuid in observations
    for related in finding.related_risks or []:
        assert related.risk_uuid in risks
for observation in result.observations or []:
    for evidence in observation.relevant_evidence or []:
        assert not evidence.href.startswith("#") or evidence.href in resources

print(json.dumps([[[prop.name, prop.value] for prop in observation.props] for observation in result.observations or []]))
