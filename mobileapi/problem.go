package mobileapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/i18n"
)

// contentProblem is the media type of problems (RFC 9457).
const contentProblem = "application/problem+json"

// kind is a kind of problem: its name in the description, its status, and the
// catalogue's text that a citizen reads.
type kind struct {
	code   string
	status int
	text   string // "" is code
}

// The problems, as the description lists them.
var (
	badRequest       = kind{"bad-request", fiber.StatusBadRequest, ""}
	notJSON          = kind{"not-json", fiber.StatusUnsupportedMediaType, ""}
	tooLarge         = kind{"too-large", fiber.StatusRequestEntityTooLarge, ""}
	notFound         = kind{"not-found", fiber.StatusNotFound, ""}
	methodNotAllowed = kind{"method-not-allowed", fiber.StatusMethodNotAllowed, ""}
	unknownService   = kind{"unknown-service", fiber.StatusNotFound, ""}
	unknownReceipt   = kind{"unknown-receipt", fiber.StatusNotFound, "receipt-missing"}
	noProof          = kind{"no-proof", fiber.StatusNotFound, ""}
	noDialogue       = kind{"no-dialogue", fiber.StatusConflict, ""}
	logIn            = kind{"log-in", fiber.StatusUnauthorized, ""}
	noAnswer         = kind{"no-answer", fiber.StatusServiceUnavailable, "late-expired"}
	busy             = kind{"busy", fiber.StatusServiceUnavailable, ""}
	tooMany          = kind{"too-many", fiber.StatusTooManyRequests, ""}

	signatureMissing  = kind{"signature-missing", fiber.StatusUnauthorized, ""}
	signatureInvalid  = kind{"signature-invalid", fiber.StatusUnauthorized, ""}
	signatureClock    = kind{"signature-clock", fiber.StatusUnauthorized, ""}
	signatureReplayed = kind{"signature-replayed", fiber.StatusUnauthorized, ""}
	deviceUnknown     = kind{"device-unknown", fiber.StatusUnauthorized, ""}
	badNumber         = kind{"bad-number", fiber.StatusBadRequest, "again-phone"}
	otpLimit          = kind{"otp-limit", fiber.StatusTooManyRequests, ""}
	otpWrong          = kind{"otp-wrong", fiber.StatusForbidden, ""}
	otpGone           = kind{"otp-gone", fiber.StatusForbidden, ""}
	ticketGone        = kind{"ticket-gone", fiber.StatusUnauthorized, "signature-missing"}
	upgradeRequired   = kind{"upgrade-required", fiber.StatusUpgradeRequired, "method-not-allowed"}
	keyMissing        = kind{"key-missing", fiber.StatusBadRequest, ""}
	keyReused         = kind{"key-reused", fiber.StatusUnprocessableEntity, ""}
	keyBusy           = kind{"key-busy", fiber.StatusConflict, ""}
)

// words is the key of the text that a citizen reads.
func (k kind) words() string { return cmp.Or(k.text, k.code) }

// kinds are all problems.
func kinds() []kind {
	return []kind{
		badRequest, notJSON, tooLarge, notFound, methodNotAllowed, unknownService, unknownReceipt, noProof, noDialogue, logIn, noAnswer, busy, tooMany,
		signatureMissing, signatureInvalid, signatureClock, signatureReplayed, deviceUnknown,
		badNumber, otpLimit, otpWrong, otpGone, keyMissing, keyReused, keyBusy, ticketGone, upgradeRequired,
	}
}

// Problem is why a request was not done (RFC 9457). It is an error.
type Problem struct {
	kind
	// Hint tells a developer what to change, in English. It holds no value of a
	// citizen's.
	hint   string
	values map[string]i18n.Value
	retry  time.Duration // after which it may go better; 0 is not told
}

// problem is a problem of a kind.
func problem(k kind, hint string) *Problem { return &Problem{kind: k, hint: hint} }

// Error is the hint.
func (p *Problem) Error() string { return p.code + ": " + p.hint }

// problemJSON is a problem on the wire.
type problemJSON struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Code       string `json:"code"`
	Hint       string `json:"hint,omitempty"`
	RetryAfter int64  `json:"retry_after,omitempty"`
}

// retryWhenBusy is when a client that found us busy may try again.
const retryWhenBusy = 5 * time.Second

// writeProblem answers with a problem, in the caller's language.
func (a *API) writeProblem(r *request, p *Problem) error {
	if p.status == fiber.StatusServiceUnavailable && p.retry == 0 {
		p.retry = retryWhenBusy
	}
	body := problemJSON{
		Type: Base + "/docs#" + p.code, Title: a.text(r.lang, p.words(), p.values), Status: p.status, Code: p.code, Hint: p.hint,
	}
	if p.retry > 0 {
		body.RetryAfter = int64((p.retry + time.Second - 1) / time.Second)
		r.Set(fiber.HeaderRetryAfter, strconv.FormatInt(body.RetryAfter, 10))
	}
	octets, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write problem: %w", err)
	}
	r.Set(fiber.HeaderCacheControl, "no-store")
	r.Set(fiber.HeaderContentLanguage, string(r.lang))
	r.Set(fiber.HeaderContentType, contentProblem)
	return r.Status(p.status).Send(octets)
}
