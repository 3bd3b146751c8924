"""What is reported in the morning. Nobody in it exists."""

from __future__ import annotations

from mash.disclosure.v1 import disclosure_pb2 as disclosure
from mash.police.v1 import protection_service_pb2 as police
from mash.referral.v1 import report_pb2 as report
from mash.type.v1 import type_pb2 as common


def notice(reference: str) -> police.ProtectionNotice:
    """A public protection notice about a child whom nobody has."""
    return police.ProtectionNotice(
        reference=reference,
        grade=police.NOTICE_GRADE_AMBER,
        report=report.Report(
            form_version=1,
            urgency=report.URGENCY_SAME_DAY,
            child=report.Subject(
                given_names="Invented",
                family_name="Python",
                date_of_birth=common.Date(year=2017, month=3, day=4),
                nhs_number="9990000034",
                address=report.Address(
                    lines=["1 Nowhere Street"],
                    postcode="CF31 1ZZ",
                    protect=common.ANSWER_NO,
                    authority_code="672",
                ),
            ),
            concerns=[
                report.Concern(
                    what="Found alone at the station at night.",
                    when="Wednesday night",
                    evidence=disclosure.EVIDENCE_CLASS_FACT,
                )
            ],
            voice=report.Voice(
                spoken_to=common.ANSWER_YES, words="I was waiting.", alone=common.ANSWER_YES
            ),
            harm_suspected=common.ANSWER_YES,
            referrer=report.Referrer(name="PC Invented", role="officer", telephone="01632 960400"),
            place_authority_code="672",
        ),
    )
