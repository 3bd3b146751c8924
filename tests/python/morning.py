"""A hub's morning, as its team sees it, by a client that knows nothing here but the contract.

Police notify. The hub finds the notice in its queue, opens it, grades it and asks three partners
at once, each with its own certificate. The school and health answer, police refuse with a reason.
The hub decides, what was known is frozen, and police read the decision. What somebody must not
see is looked for and not found.

Everything is invented. Run by tests/tests/python.rs, with stubs made from proto/ beforehand,
against a hub with the directory of the demonstration. The environment names it: MASH_ADDRESS;
MASH_DATA, the folder with the certificates; PYTHONPATH, the folder with the stubs. Whatever is
not as it should be is told, and the exit code is 1.
"""

from __future__ import annotations

import functools
import hashlib
import sys

import grpc
from desks import Desk, Wrong, expect, named, parts, receive_all, refused, request_id, told, until
from invented import notice
from mash.delivery.v1 import delivery_service_pb2_grpc as delivery_rpc
from mash.disclosure.v1 import disclosure_pb2 as disclosure
from mash.education.v1 import referral_service_pb2 as education
from mash.education.v1 import referral_service_pb2_grpc as education_rpc
from mash.health.v1 import health_pb2 as clinic
from mash.health.v1 import health_service_pb2 as health
from mash.health.v1 import health_service_pb2_grpc as health_rpc
from mash.police.v1 import protection_service_pb2 as police
from mash.police.v1 import protection_service_pb2_grpc as police_rpc
from mash.referral.v1 import item_pb2 as item
from mash.referral.v1 import partner_pb2 as partner
from mash.social_care.v1 import queue_service_pb2 as care
from mash.social_care.v1 import queue_service_pb2_grpc as care_rpc
from mash.social_care.v1 import referral_pb2 as referral
from mash.type.v1 import type_pb2 as common

FORCE = common.Organisation(kind=common.ORGANISATION_KIND_POLICE_FORCE, code="62")
SCHOOL = common.Organisation(kind=common.ORGANISATION_KIND_SCHOOL, code="6722951")
BOARD = common.Organisation(kind=common.ORGANISATION_KIND_HEALTH_BOARD, code="7A5")
NURSE = clinic.Professional(name="Invented Nurse", role=clinic.ROLE_NURSE)

REFERENCE = "PY-2026-0001"
REASON = "Alone at night for the third time, and often away on Mondays."
WOULD_CHANGE_IT = "A parent who was there."
REFUSAL = "An arrest is planned; an answer now could tip off a suspect."
IN_CONFIDENCE = "An aunt says that the mother drinks."


class Morning:
    """Everybody who takes part, each with a certificate and a name, and what was decided so far."""

    def __init__(self) -> None:
        self.hub = Desk(care_rpc.QueueServiceStub, "authority-672", "sw-1")
        self.force = Desk(police_rpc.ProtectionServiceStub, "police-62", "pc-1")
        self.school = Desk(education_rpc.ReferralServiceStub, "school-6722951", "mair-rees")
        self.board = Desk(health_rpc.HealthServiceStub, "health-board-7A5", "nurse-1")
        self.mailbox = Desk(delivery_rpc.DeliveryServiceStub, "police-62", "")
        self.name = ""
        self.before = self.count()

    def play(self) -> None:
        """From the notice to the decision that the referrer has read."""
        self.turned_away()
        self.police_notify()
        self.in_the_queue()
        self.opened()
        self.nobody_else_sees_it()
        self.graded()
        questions = self.asked()
        self.received_over_the_stream()
        self.no_longer_needed()
        self.school_answers(questions[SCHOOL.code])
        self.health_answers(questions[BOARD.code])
        self.police_refuse(questions[FORCE.code])
        self.read_together(questions)
        snapshot = self.decided()
        self.referrer_reads()
        self.late_word_changes_nothing(questions[SCHOOL.code], snapshot)
        self.in_is_out()

    def count(self) -> care.GetReferralConservationResponse:
        """Whether every referral is decided or open, and every referrer knows."""
        return self.hub.GetReferralConservation(care.GetReferralConservationRequest())

    def read(self) -> care.GetReferralResponse:
        """The referral, as the hub has it."""
        return self.hub.GetReferral(care.GetReferralRequest(name=self.name))

    def turned_away(self) -> None:
        """Who may not call is told so with a code; who calls wrongly, of every fault at once."""
        queue_of = functools.partial(Desk, care_rpc.QueueServiceStub)
        refused(
            "police at the hub's queue",
            queue_of("police-62", "pc-1").ListReferrals,
            care.ListReferralsRequest(),
            grpc.StatusCode.PERMISSION_DENIED,
            "MASH-C002",
        )
        refused(
            "nobody in particular at the hub's queue",
            queue_of("authority-672", "").ListReferrals,
            care.ListReferralsRequest(),
            grpc.StatusCode.INVALID_ARGUMENT,
            "MASH-C003",
        )
        refused(
            "a teacher who is no contact of her school",
            Desk(education_rpc.ReferralServiceStub, "school-6722951", "a-teacher").ListEnquiries,
            education.ListEnquiriesRequest(),
            grpc.StatusCode.PERMISSION_DENIED,
            "MASH-E030",
        )
        empty = police.SubmitProtectionNoticeRequest(
            request_id=request_id("empty"), notice=police.ProtectionNotice(reference="PY-2026-0000")
        )
        error = refused(
            "an empty notice",
            self.force.SubmitProtectionNotice,
            empty,
            grpc.StatusCode.INVALID_ARGUMENT,
            "MASH-T001",
        )
        details = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        for fault in ["notice.grade", "urgency", "child", "referrer", "concerns"]:
            expect(f"the fault in {fault} is told", fault.encode() in details, True)
        told("four callers are turned away, each with a code")

    def police_notify(self) -> None:
        """Police notify, and once more as after a lost answer: the same answer, one effect."""
        request = police.SubmitProtectionNoticeRequest(
            request_id=request_id("notify"), notice=notice(REFERENCE)
        )
        first = self.force.SubmitProtectionNotice(request)
        expect("the repeated notice", self.force.SubmitProtectionNotice(request), first)
        request.notice.grade = police.NOTICE_GRADE_RED
        refused(
            "another notice under the same request id",
            self.force.SubmitProtectionNotice,
            request,
            grpc.StatusCode.ALREADY_EXISTS,
            "MASH-T002",
        )
        expect("the notice", first.referral.state, partner.SENT_STATE_SUBMITTED)
        self.name = first.referral.name
        told("police notify, twice with one effect")

    def in_the_queue(self) -> None:
        """The hub finds it in its queue, once, and graded by nobody."""

        def look() -> list[referral.Referral]:
            queued = self.hub.ListReferrals(care.ListReferralsRequest(page_size=500)).referrals
            return [one for one in queued if one.reference == REFERENCE]

        found = until("the referral in the queue", look)
        expect("how often it is in the queue", len(found), 1)
        expect("its name", found[0].name, self.name)
        expect("who referred", getattr(found[0], "from"), FORCE)
        expect("its state", found[0].state, referral.REFERRAL_STATE_RECEIVED)
        expect("its grade", found[0].grade, referral.GRADE_UNSPECIFIED)
        expect("its worker", found[0].worker, "")
        told("the hub finds it in its queue: received, and graded by nobody")

    def opened(self) -> None:
        """Opened, it shows what was reported, by which rule, what is missing, and its clocks."""
        opened = self.read()
        expect("what is here", [one.kind for one in opened.items], [item.ITEM_KIND_REFERRAL])
        content = opened.items[0].content
        expect("the child", content.child.family_name, "Python")
        expect("the voice of the child", content.voice.words, "I was waiting.")
        expect("a rule", "R06" in opened.items[0].rule_ids, True)
        expect("why consent is not needed", opened.items[0].consent_code, "duty")
        expect("what is missing", list(opened.gaps), ["household"])
        clocks = sorted(clock.rule for clock in opened.referral.clocks)
        expect("its clocks", clocks, ["acknowledge-referral", "decide-referral", "grade-referral"])
        told("opened: who, what, by which rule, what is missing")

    def nobody_else_sees_it(self) -> None:
        """Who was not told finds nothing, and is not told that there is something."""
        wanted = grpc.StatusCode.NOT_FOUND, "MASH-C009"
        other_hub = Desk(care_rpc.QueueServiceStub, "authority-673", "sw-9")
        asked = care.GetReferralRequest(name=self.name)
        refused("another authority", other_hub.GetReferral, asked, *wanted)
        queued = other_hub.ListReferrals(care.ListReferralsRequest(page_size=500)).referrals
        expect("in the other queue", [one for one in queued if one.name == self.name], [])
        other_force = Desk(police_rpc.ProtectionServiceStub, "police-52", "pc-9")
        asked = police.GetReferralRequest(name=self.name)
        refused("another force", other_force.GetReferral, asked, *wanted)
        asked = education.GetReferralRequest(name=self.name)
        refused("the school", self.school.GetReferral, asked, *wanted)
        asked = health.GetReferralRequest(name=self.name)
        refused("health", self.board.GetReferral, asked, *wanted)
        told("another authority, another force, the school and health see nothing of it")

    def graded(self) -> None:
        """A named worker grades it; whoever read an older revision changes nothing."""
        read = self.read().referral.revision
        request = care.GradeReferralRequest(
            request_id=request_id("grade"),
            name=self.name,
            expected_revision=read,
            grade=referral.GRADE_RED,
        )
        graded = self.hub.GradeReferral(request).referral
        expect("its state", graded.state, referral.REFERRAL_STATE_GRADED)
        expect("its grade", graded.grade, referral.GRADE_RED)
        expect("who graded", [one.practitioner for one in graded.grades], ["sw-1"])
        stale = care.AssignReferralRequest(
            request_id=request_id("stale"),
            name=self.name,
            expected_revision=read,
            worker="sw-2",
        )
        aborted = grpc.StatusCode.ABORTED
        refused("a worker who read before", self.hub.AssignReferral, stale, aborted, "MASH-S005")

        def received() -> partner.SentReferral | None:
            sent = self.force.GetReferral(police.GetReferralRequest(name=self.name)).referral
            return sent if sent.state == partner.SENT_STATE_RECEIVED else None

        feedback = until("word to police that the hub has it", received).feedback
        expect("what police were told", [one.feedback.stage for one in feedback], ["received"])
        told("graded red; police know that the hub has it")

    def asked(self) -> dict[str, str]:
        """Three partners are asked in one call; a red referral is not decided without them."""
        question = functools.partial(care.PartnerQuestion, text="What do you know of her home?")
        request = care.AskPartnersRequest(
            request_id=request_id("ask"),
            name=self.name,
            expected_revision=self.read().referral.revision,
            questions=[
                question(partner=FORCE, topics=["police-history"]),
                question(partner=SCHOOL, topics=["attendance"]),
                question(partner=BOARD, topics=["injuries"]),
            ],
        )
        asked = self.hub.AskPartners(request)
        expect("its state", asked.referral.state, referral.REFERRAL_STATE_CHECKING)
        expect("who was asked", [one.partner for one in asked.enquiries], [FORCE, SCHOOL, BOARD])
        expect("who has not answered", asked.referral.unanswered, 3)
        refused(
            "a decision before the answers",
            self.hub.DecideReferral,
            self.decision("decide-early", asked.referral.revision),
            grpc.StatusCode.FAILED_PRECONDITION,
            "MASH-S012",
        )
        told("police, the school and health are asked in one call")
        return {one.partner.code: one.name for one in asked.enquiries}

    def received_over_the_stream(self) -> None:
        """The question is in the mailbox of the force; acknowledged, it does not come again."""

        kinds: list[int] = []

        def arrived() -> bool:
            kinds.extend(receive_all(self.mailbox))
            return item.ITEM_KIND_ENQUIRY in kinds

        until("the question in the mailbox of police", arrived)
        again = receive_all(self.mailbox)
        expect("the question comes again", item.ITEM_KIND_ENQUIRY in again, False)
        told("police receive the question over the stream, once")

    def no_longer_needed(self) -> None:
        """The hub asks police something else, and needs no answer after all: they see so."""
        question = care.PartnerQuestion(partner=FORCE, topics=["household"])
        request = care.AskPartnersRequest(
            request_id=request_id("ask-again"),
            name=self.name,
            expected_revision=self.read().referral.revision,
            questions=[question],
        )
        name = self.hub.AskPartners(request).enquiries[0].name

        def look(open_only: bool) -> list[partner.ReceivedEnquiry]:
            request = police.ListEnquiriesRequest(page_size=200, open_only=open_only)
            listed = self.force.ListEnquiries(request).enquiries
            return [one for one in listed if one.name == name]

        until("the other question to police", lambda: look(open_only=True))
        close = care.CloseEnquiryRequest(
            request_id=request_id("close"), name=name, reason="They told us by telephone."
        )
        closed = self.hub.CloseEnquiry(close).enquiry
        expect("the question at the hub", closed.state, referral.HUB_ENQUIRY_STATE_CLOSED)
        until("word to police that no answer is needed", lambda: not look(open_only=True))
        kept = named(look(open_only=False), name)
        expect("the question at police", kept.state, partner.ENQUIRY_STATE_CLOSED)
        expect("what police still have of it", kept.HasField("content"), False)
        told("a question that needs no answer any more is taken back")

    def school_answers(self, name: str) -> None:
        """The school learns who the child is and what is asked, and nothing of what happened."""

        def look() -> list[partner.ReceivedEnquiry]:
            request = education.ListEnquiriesRequest(open_only=True)
            return [one for one in self.school.ListEnquiries(request).enquiries if one.name == name]

        asked = until("the question to the school", look)[0]
        expect(
            "what the school may know", parts(asked.content) - {"officer"}, {"child", "question"}
        )
        expect("what is asked", list(asked.content.question.topics), ["attendance"])
        not_found = grpc.StatusCode.NOT_FOUND
        theirs = police.AnswerEnquiryRequest(
            request_id=request_id("not-theirs"),
            name=name,
            answer=police.PoliceAnswer(nothing_known=True),
        )
        answered = self.force.AnswerEnquiry
        refused("police, for the school", answered, theirs, not_found, "MASH-C009")
        given = self.school.AnswerEnquiry(self.school_answer(name, "school-answers", 81))
        expect("the question", given.enquiry.state, partner.ENQUIRY_STATE_ANSWERED)
        expect("what is open at the school", look(), [])
        told("the school answers, and was told nothing of what happened")

    @staticmethod
    def school_answer(name: str, step: str, attended: int) -> education.AnswerEnquiryRequest:
        """What the school knows."""
        return education.AnswerEnquiryRequest(
            request_id=request_id(step),
            name=name,
            answer=education.SchoolAnswer(
                attendance=disclosure.Attendance(
                    sessions_possible=100, sessions_attended=attended, pattern="Mondays"
                ),
                by=disclosure.ProfessionalContact(name="Mair Rees", role="key adult"),
            ),
        )

    def health_answers(self, name: str) -> None:
        """A nurse answers by name; what somebody told in confidence stays, and she hears so."""

        def look() -> list[clinic.HealthEnquiry]:
            listed = self.board.ListEnquiries(health.ListEnquiriesRequest(open_only=True)).enquiries
            return [one for one in listed if one.enquiry.name == name]

        asked = until("the question to health", look)[0]
        known = parts(asked.enquiry.content) - {"officer"}
        expect("what health may know", known, {"child", "question"})
        piece = functools.partial(clinic.LabelledItem, evidence=disclosure.EVIDENCE_CLASS_HEARSAY)
        request = health.AnswerEnquiryRequest(
            request_id=request_id("health-answers"),
            name=name,
            professional=NURSE,
            items=[
                piece(
                    text="Seen twice this year for falls.",
                    confidentiality=clinic.CONFIDENTIALITY_CLINICAL,
                ),
                piece(text=IN_CONFIDENCE, confidentiality=clinic.CONFIDENTIALITY_THIRD_PARTY),
            ],
        )
        given = self.board.AnswerEnquiry(request)
        expect("the question", given.enquiry.enquiry.state, partner.ENQUIRY_STATE_ANSWERED)
        expect("what stayed", given.held_back, 1)
        told("health answers; what an aunt told in confidence stays")

    def police_refuse(self, name: str) -> None:
        """Police refuse. Without a reason they cannot."""
        bare = police.RefuseEnquiryRequest(request_id=request_id("silence"), name=name)
        invalid = grpc.StatusCode.INVALID_ARGUMENT
        refused("silence", self.force.RefuseEnquiry, bare, invalid, "MASH-T001")
        request = police.RefuseEnquiryRequest(
            request_id=request_id("police-refuse"),
            name=name,
            code="live-investigation",
            reason=REFUSAL,
        )
        given = self.force.RefuseEnquiry(request).enquiry
        expect("the question", given.state, partner.ENQUIRY_STATE_REFUSED)
        told("police refuse, with a reason")

    def read_together(self, questions: dict[str, str]) -> None:
        """The hub reads who answered what and who refused why, and nothing kept from it."""

        def look() -> care.GetReferralResponse | None:
            found = self.read()
            return found if found.referral.unanswered == 0 else None

        found = until("the answers", look)
        expect("how many were asked", found.referral.asked, 4)
        of_school, of_board, of_force = (
            named(found.enquiries, questions[one.code]) for one in (SCHOOL, BOARD, FORCE)
        )
        expect("the school", of_school.state, referral.HUB_ENQUIRY_STATE_ANSWERED)
        expect("health", of_board.state, referral.HUB_ENQUIRY_STATE_ANSWERED)
        expect("police", of_force.state, referral.HUB_ENQUIRY_STATE_REFUSED)
        expect("why, as a code", of_force.refusal_code, "live-investigation")
        expect("why, in words", of_force.refusal_reason, REFUSAL)
        answers = {one.release_id: one.content for one in found.items}
        attended = answers[of_school.answer].narrative.attendance.sessions_attended
        expect("sessions attended", attended, 81)
        expect("what health holds", "falls" in answers[of_board.answer].health.summary, True)
        expect("the aunt", IN_CONFIDENCE.encode() in found.SerializeToString(), False)
        expect("what is missing", "refused:police/62" in found.gaps, True)
        told("the hub reads two answers and a refusal, and nothing told in confidence")

    def decision(self, step: str, revision: int) -> care.DecideReferralRequest:
        """The decision, as the worker who read this revision takes it."""
        return care.DecideReferralRequest(
            request_id=request_id(step),
            name=self.name,
            expected_revision=revision,
            outcome=referral.OUTCOME_STRATEGY_DISCUSSION,
            reason=REASON,
            what_would_change_it=WOULD_CHANGE_IT,
        )

    def decided(self) -> care.GetSnapshotResponse:
        """The hub decides. What was known, and what was refused, is frozen with it."""
        revision = self.read().referral.revision
        decided = self.hub.DecideReferral(self.decision("decide", revision))
        expect("its state", decided.referral.state, referral.REFERRAL_STATE_DECIDED)
        expect("the decisions", len(decided.referral.decisions), 1)
        frozen = self.hub.GetSnapshot(care.GetSnapshotRequest(name=decided.snapshot))
        digest = hashlib.sha256(frozen.content).digest()
        expect("the digest of the snapshot", frozen.digest, digest)
        expect("the digest on the decision", decided.referral.decisions[0].snapshot_digest, digest)
        expect("the bytes", referral.Snapshot.FromString(frozen.content), frozen.snapshot)
        answered = {one.partner.code for one in frozen.snapshot.answered}
        expect("who had answered", answered, {SCHOOL.code, BOARD.code})
        expect("who had refused", [one.partner for one in frozen.snapshot.refused], [FORCE])
        expect("who had not answered", list(frozen.snapshot.unanswered), [])
        expect("who need not answer", [one.partner for one in frozen.snapshot.closed], [FORCE])
        told("decided: a strategy discussion; what was known is frozen")
        return frozen

    def referrer_reads(self) -> None:
        """Police hear the outcome and why, and say that they have; then the hub knows."""

        def look() -> list[partner.ReceivedFeedback]:
            sent = self.force.GetReferral(police.GetReferralRequest(name=self.name)).referral
            return [one for one in sent.feedback if one.feedback.stage == "decided"]

        heard = until("the decision at police", look)
        expect("how often they hear it", len(heard), 1)
        feedback = heard[0].feedback
        expect("the outcome", feedback.outcome, "strategy-discussion")
        expect("why", feedback.reason, REASON)
        expect("what would change it", feedback.what_would_change_it, WOULD_CHANGE_IT)
        expect("the hub, before", self.read().referral.feedback, referral.FEEDBACK_STATE_PENDING)
        request = police.AcknowledgeFeedbackRequest(
            request_id=request_id("police-read"), release_id=heard[0].release_id
        )
        expect("read", self.force.AcknowledgeFeedback(request).feedback.acknowledged, True)

        def informed() -> bool:
            now = self.read().referral
            known = now.feedback == referral.FEEDBACK_STATE_ACKNOWLEDGED
            return known and now.state == referral.REFERRAL_STATE_INFORMED

        until("the hub's word that police know", informed)
        expect("what police hear now", len(look()), 1)
        sent = self.school.ListReferrals(education.ListReferralsRequest(page_size=200)).referrals
        expect("what the school hears", [one for one in sent if one.name == self.name], [])
        told("police read the decision, why, and what would change it; nobody else does")

    def late_word_changes_nothing(self, name: str, frozen: care.GetSnapshotResponse) -> None:
        """The school corrects its answer: somebody has to look, and the snapshot stays."""
        self.school.AnswerEnquiry(self.school_answer(name, "school-corrects", 79))

        def look() -> list[referral.Prompt]:
            request = care.ListPromptsRequest(referral=self.name, code="late-answer")
            return list(self.hub.ListPrompts(request).prompts)

        expect("how many prompts", len(until("a prompt for the late answer", look)), 1)
        request = care.GetSnapshotRequest(name=frozen.snapshot.name)
        expect("the snapshot", self.hub.GetSnapshot(request), frozen)
        told("a late correction is shown, and the snapshot stays as it was, byte for byte")

    def in_is_out(self) -> None:
        """One referral more came in, is decided, and its referrer knows."""
        before, after = self.before, self.count()
        expect("accepted", after.accepted - before.accepted, 1)
        expect("decided", after.decided - before.decided, 1)
        expect("open", after.open - before.open, 0)
        known = after.feedback_acknowledged - before.feedback_acknowledged
        expect("known to the referrer", known, 1)


def main() -> int:
    """Plays the morning; 0 if everything was as it should be."""
    print("A hub's morning:")
    try:
        Morning().play()
    except Wrong as wrong:
        print(f"The morning went wrong: {wrong}", file=sys.stderr)
        return 1
    except grpc.RpcError as error:
        print(f"The morning went wrong: {error.code()}: {error.details()}", file=sys.stderr)
        return 1
    print("The morning went as it should: one notice in, one decision out, and police know why.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
