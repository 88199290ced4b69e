package main

import (
	"context"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"setu/gateway/console"
)

// checks are what readiness depends on. Without a ledger or a link the gateway
// goes on, and says so.
func (g *gatewayParts) checks() []console.Check {
	list := []console.Check{
		{Name: "store", Vital: true, Ready: func(ctx context.Context) (bool, string) {
			st, err := g.store.Stats(ctx)
			switch {
			case err != nil:
				return false, err.Error()
			case st.Full:
				return false, "the disk is nearly full: new messages are refused until there is room"
			}
			return true, ""
		}},
		{Name: "ledger", Ready: func(context.Context) (bool, string) {
			return g.ledger.Up(), "out of reach: requests are accepted and wait"
		}},
	}
	if g.follower != nil {
		list = append(list, console.Check{Name: "ledger blocks", Ready: func(context.Context) (bool, string) { return g.follower.Up() }})
	}
	if g.member != nil {
		list = append(list, g.memberCheck())
	}
	list = append(list, console.Check{Name: "keys", Ready: func(ctx context.Context) (bool, string) { return keysReady(ctx, g.keys) }},
		console.Check{Name: "audit", Ready: g.auditReady})
	for name := range g.sms.Up() {
		list = append(list, console.Check{Name: "link " + name, Ready: func(context.Context) (bool, string) {
			return g.sms.Up()[name], "not bound: replies wait"
		}})
	}
	return append(list, g.exchangeChecks()...)
}

// metrics are the counts of all parts, for Prometheus.
func (g *gatewayParts) metrics() prometheus.Gatherer {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	turns, box, sms, ussd := g.turns.Counts(), g.outbox.Counts(), g.sms.Counts(), g.ussdSMPP.Counts()
	for _, m := range []struct {
		name, help string
		value      *atomic.Int64
	}{
		{"setu_sms_in_total", "Messages of citizens accepted whole.", &sms.In},
		{"setu_sms_parts_total", "Parts of long messages that came.", &sms.Parts},
		{"setu_sms_incomplete_total", "Long messages whose parts did not all come.", &sms.Incomplete},
		{"setu_sms_undecodable_total", "Messages that were no text in their alphabet.", &sms.Undecodable},
		{"setu_sms_refused_total", "Messages refused for their addresses.", &sms.Refused},
		{"setu_sms_out_total", "Messages passed on to links.", &sms.Out},
		{"setu_sms_segments_total", "Segments that those took.", &sms.Segments},
		{"setu_sms_delivery_receipts_total", "Delivery receipts that came.", &sms.Receipts},
		{"setu_sms_delivery_receipts_unmatched_total", "Delivery receipts kept until their message is known.", &sms.Unmatched},
		{"setu_ussd_smpp_begun_total", "USSD dialogues that began on SMPP links.", &ussd.Begun},
		{"setu_ussd_smpp_inputs_total", "Answers of citizens in them.", &ussd.Inputs},
		{"setu_ussd_smpp_ended_total", "Dialogues that citizens or networks ended.", &ussd.Ended},
		{"setu_ussd_smpp_screens_total", "Screens that SMPP gateways took.", &ussd.Screens},
		{"setu_ussd_smpp_lost_total", "Screens that could not be sent, or were refused.", &ussd.Lost},
		{"setu_ussd_smpp_refused_total", "USSD messages refused: no number, no code of ours, unknown operation.", &ussd.Refused},
		{"setu_ussd_smpp_busy_total", "USSD messages put off: too many were under way.", &ussd.Busy},
		{"setu_ussd_smpp_faults_total", "USSD inputs whose turn failed.", &ussd.Faults},
		{"setu_ussd_push_shown_total", "USSD notifications that handsets showed, or that gateways without confirmations took.", &ussd.Notified},
		{"setu_ussd_push_refused_total", "USSD notifications not taken: sent by SMS.", &ussd.Unnotified},
		{"setu_ussd_push_unknown_total", "USSD notifications of unknown fate: sent by SMS besides.", &ussd.Unsure},
		{"setu_ussd_push_too_long_total", "Texts too long for a USSD notification: sent by SMS.", &ussd.TooLong},
		{"setu_turns_total", "Messages that had their turn.", &turns.Turns},
		{"setu_duplicates_total", "Messages that had come before.", &turns.Duplicates},
		{"setu_repeats_total", "Transactions that the same citizen had asked for before, which were not signed again.", &turns.Repeated},
		{"setu_questions_deferred_total", "Questions that the ledger did not answer in time.", &turns.Deferred},
		{"setu_transactions_signed_total", "Transactions signed and queued.", &turns.Submitted},
		{"setu_throttled_total", "Messages turned away: too many of one citizen.", &turns.Throttled},
		{"setu_turn_faults_total", "Turns that could not be taken.", &turns.Faults},
		{"setu_messages_sent_total", "Messages that an operator took.", &box.Sent},
		{"setu_messages_refused_total", "Messages that an operator refused.", &box.Refused},
		{"setu_messages_expired_total", "Messages that could not be sent in time.", &box.Expired},
		{"setu_messages_repeated_total", "Messages sent again, perhaps doubled: the answer to the first was lost.", &box.Repeated},
		{"setu_messages_throttled_total", "Messages that an operator wanted later.", &box.Throttled},
		{"setu_transactions_recorded_total", "Transactions on the ledger.", &box.Recorded},
		{"setu_transactions_rejected_total", "Transactions that the contract refused.", &box.Rejected},
		{"setu_transactions_settled_total", "Transactions found on the ledger after their answer was lost.", &box.Settled},
		{"setu_transactions_rebuilt_total", "Transactions made anew after a conflict.", &box.Rebuilt},
		{"setu_questions_answered_total", "Questions answered late.", &box.Answered},
		{"setu_items_parked_total", "Items kept for an operator.", &box.Parked},
		{"setu_outbox_faults_total", "Faults of the store met by the outbox.", &box.Faults},
	} {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: m.name, Help: m.help},
			func() float64 { return float64(m.value.Load()) }))
	}
	g.followerMetrics(r)
	g.memberMetrics(r)
	r.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "setu_ledger_up", Help: "1 when the way to the ledger is open."},
			func() float64 { return truth(g.ledger.Up()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "setu_outbox_in_memory", Help: "Items of the outbox in memory."},
			func() float64 { return float64(g.outbox.Waiting()) }),
		newUSSDCollector(g.ussdHTTP),
		newUsesCollector(g), newCallCollector(&g.calls), newMediaCollector(g.calls.media), newAuditCollector(g.audit),
		newExchangeCollector(g.calls.ari), newAppCollector(g.app),
		&linkCollector{g: g, desc: prometheus.NewDesc("setu_link_up", "1 when messages can go out on the link.", []string{"link"}, nil)},
		&queueCollector{
			g:       g,
			waiting: prometheus.NewDesc("setu_queue_items", "Unfinished items of the outbox.", []string{"kind", "state"}, nil),
			oldest:  prometheus.NewDesc("setu_queue_oldest_timestamp_seconds", "When the oldest unfinished item was made; 0 when there is none.", nil, nil),
		},
	)
	r.MustRegister(g.callBackMetrics()...)
	return r
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// linkCollector says which links are up.
type linkCollector struct {
	g    *gatewayParts
	desc *prometheus.Desc
}

// Describe names the metric.
func (c *linkCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

// Collect reads the links.
func (c *linkCollector) Collect(ch chan<- prometheus.Metric) {
	for name, up := range c.g.sms.Up() {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, truth(up), name)
	}
}

// queueCollector reads the store when it is asked, which costs one query.
type queueCollector struct {
	g               *gatewayParts
	waiting, oldest *prometheus.Desc
}

// Describe names the metrics.
func (c *queueCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.waiting; ch <- c.oldest }

// Collect reads the queue.
func (c *queueCollector) Collect(ch chan<- prometheus.Metric) {
	st, err := c.g.store.Stats(context.Background()) // the collector's interface has no context
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.waiting, err)
		return
	}
	for _, n := range st.Waiting {
		ch <- prometheus.MustNewConstMetric(c.waiting, prometheus.GaugeValue, float64(n.Items), n.Kind.String(), n.State.String())
	}
	oldest := 0.0
	if !st.Oldest.IsZero() {
		oldest = float64(st.Oldest.Unix())
	}
	ch <- prometheus.MustNewConstMetric(c.oldest, prometheus.GaugeValue, oldest)
}
