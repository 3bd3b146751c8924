"""A hub's morning, played by a client that knows nothing of this project but its contract.

Police submit a notice. The hub finds it in its queue, grades it, and asks police what they know; police receive the
question over the stream and answer it; the hub reads the answer, decides, and reads what was known at the decision;
police hear the decision. Everything is invented. Run by tests/tests/python.rs, with stubs made from proto/ beforehand.

The environment names the hub: MASH_ADDRESS, and MASH_DATA, the folder with the certificates.
"""

import os
import pathlib
import sys
import time
import uuid

import grpc

sys.path.insert(0, os.environ["MASH_STUBS"])

from mash.delivery.v1 import delivery_service_pb2 as delivery
from mash.delivery.v1 import delivery_service_pb2_grpc as delivery_rpc
from mash.disclosure.v1 import disclosure_pb2 as disclosure
from mash.police.v1 import protection_service_pb2 as police
from mash.police.v1 import protection_service_pb2_grpc as police_rpc
from mash.referral.v1 import item_pb2 as item
from mash.referral.v1 import report_pb2 as report
from mash.social_care.v1 import queue_service_pb2 as care
from mash.social_care.v1 import queue_service_pb2_grpc as care_rpc
from mash.social_care.v1 import referral_pb2 as referral
from mash.type.v1 import type_pb2 as common

ADDRESS = os.environ["MASH_ADDRESS"]
DATA = pathlib.Path(os.environ["MASH_DATA"])
PATIENCE = 30.0

FORCE = common.Organisation(kind=common.ORGANISATION_KIND_POLICE_FORCE, code="62")


def channel(stem):
    """A channel with the certificate of an organisation, such as `police-62`."""
    certificates = DATA / "certificates"
    credentials = grpc.ssl_channel_credentials(
        root_certificates=(DATA / "ca" / "ca.pem").read_bytes(),
        private_key=(certificates / f"{stem}-key.pem").read_bytes(),
        certificate_chain=(certificates / f"{stem}.pem").read_bytes(),
    )
    return grpc.secure_channel(ADDRESS, credentials)


def by(practitioner):
    """On behalf of a person."""
    return {"metadata": (("mash-practitioner", practitioner),), "timeout": 20}


def request_id():
    return str(uuid.uuid4())


def until(what, look):
    """Asks again until there is something, and fails loudly if there never is."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {PATIENCE:.0f} s")


def notice():
    """A public protection notice about a child whom nobody has."""
    return police.ProtectionNotice(
        reference="PY-2026-0001",
        grade=police.NOTICE_GRADE_AMBER,
        report=report.Report(
            form_version=1,
            urgency=report.URGENCY_SAME_DAY,
            child=report.Subject(
                given_names="Invented",
                family_name="Python",
                date_of_birth=common.Date(year=2017, month=3, day=4),
                nhs_number="9990000018",
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


def submit(force):
    """The notice is submitted, and once more as after a lost answer: the same answer, one effect."""
    request = police.SubmitProtectionNoticeRequest(request_id=request_id(), notice=notice())
    first = force.SubmitProtectionNotice(request, **by("pc-1"))
    again = force.SubmitProtectionNotice(request, **by("pc-1"))
    assert first == again, "a repeated request is answered otherwise"
    return first.referral.name


def refused_with_every_fault(force):
    """What is wrong is told at once, by rich details that this client can read."""
    request = police.SubmitProtectionNoticeRequest(request_id=request_id())
    try:
        force.SubmitProtectionNotice(request, **by("pc-1"))
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        details = dict(error.trailing_metadata())
        assert "grpc-status-details-bin" in details, details
        return
    raise AssertionError("an empty notice was accepted")


def in_queue(hub):
    def look():
        queue = hub.ListReferrals(care.ListReferralsRequest(page_size=50), **by("sw-1"))
        return [one for one in queue.referrals if getattr(one, "from") == FORCE]

    return until("the referral in the queue", look)[0]


def grade(hub, found):
    request = care.GradeReferralRequest(
        request_id=request_id(),
        name=found.name,
        expected_revision=found.revision,
        grade=referral.GRADE_AMBER,
    )
    return hub.GradeReferral(request, **by("sw-1")).referral


def ask(hub, graded):
    question = care.PartnerQuestion(
        partner=FORCE, topics=["police-history"], text="Is the address known to you?"
    )
    request = care.AskPartnersRequest(
        request_id=request_id(),
        name=graded.name,
        expected_revision=graded.revision,
        questions=[question],
    )
    return hub.AskPartners(request, **by("sw-1"))


def receive(stub):
    """Receives over the stream what waits, acknowledging each item on the same call."""
    acknowledged, kinds = [], []

    def say():
        yield delivery.ReceiveRequest(open=delivery.Open(window=10, until_empty=True))
        sent = 0
        while True:
            while sent < len(acknowledged):
                names = [acknowledged[sent]]
                sent += 1
                yield delivery.ReceiveRequest(acknowledge=delivery.Acknowledge(names=names))
            time.sleep(0.02)

    call = stub.Receive(say(), timeout=20)
    for one in call:
        kinds.append(one.released.kind)
        acknowledged.append(one.name)
    return kinds


def answer(force):
    """The force finds the question, reads no more than it may, and answers."""

    def look():
        listed = force.ListEnquiries(police.ListEnquiriesRequest(), **by("pc-1"))
        return list(listed.enquiries)

    asked = until("the question to the force", look)[0]
    content = asked.content
    assert content.child.family_name == "Python", "who the child is"
    assert not content.HasField("health"), "nothing of health reaches police"
    request = police.AnswerEnquiryRequest(
        request_id=request_id(),
        name=asked.name,
        answer=police.PoliceAnswer(history="Two calls this year.", risk_grade="standard"),
    )
    force.AnswerEnquiry(request, **by("pc-1"))


def decide(hub, name):
    def look():
        found = hub.GetReferral(care.GetReferralRequest(name=name), **by("sw-1"))
        return found if found.referral.unanswered == 0 and found.referral.asked == 1 else None

    answered = until("the answer of the force", look)
    request = care.DecideReferralRequest(
        request_id=request_id(),
        name=name,
        expected_revision=answered.referral.revision,
        outcome=referral.OUTCOME_ASSESSMENT,
        reason="Alone at night, and the address is known.",
        what_would_change_it="A parent who was there.",
    )
    return hub.DecideReferral(request, **by("sw-1"))


def heard(force, name):
    """The referrer hears the decision, the reason, and what would change it."""

    def look():
        found = force.GetReferral(police.GetReferralRequest(name=name), **by("pc-1"))
        told = [one for one in found.referral.feedback if one.feedback.stage == "decided"]
        return told

    told = until("feedback to the referrer", look)[0]
    assert told.feedback.reason and told.feedback.what_would_change_it
    request = police.AcknowledgeFeedbackRequest(
        request_id=request_id(), release_id=told.release_id
    )
    force.AcknowledgeFeedback(request, **by("pc-1"))


def main():
    of_force, of_hub = channel("police-62"), channel("authority-672")
    force = police_rpc.ProtectionServiceStub(of_force)
    mailbox = delivery_rpc.DeliveryServiceStub(of_force)
    hub = care_rpc.QueueServiceStub(of_hub)

    refused_with_every_fault(force)
    sent = submit(force)
    found = in_queue(hub)
    graded = grade(hub, found)
    ask(hub, graded)
    answer(force)
    kinds = receive(mailbox)
    assert item.ITEM_KIND_ENQUIRY in kinds, kinds
    assert receive(mailbox) == [], "what was acknowledged comes again"
    decided = decide(hub, found.name)
    snapshot = hub.GetSnapshot(care.GetSnapshotRequest(name=decided.snapshot), **by("sw-1"))
    assert snapshot.snapshot.decision.outcome == referral.OUTCOME_ASSESSMENT
    assert len(snapshot.snapshot.answered) == 1 and not snapshot.snapshot.unanswered
    heard(force, sent)
    print("a hub's morning: submitted, graded, asked, answered, decided, heard")


if __name__ == "__main__":
    main()
