package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"setu/gateway/audit"
)

// auditCollector reads how far the audit log is sealed when it is asked.
type auditCollector struct {
	keeper  *audit.Keeper
	figures [6]auditFigure
}

// auditFigure is one metric of the audit log.
type auditFigure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(audit.Figures) float64
}

func newAuditCollector(k *audit.Keeper) *auditCollector {
	figure := func(name, help string, kind prometheus.ValueType, value func(audit.Figures) float64) auditFigure {
		return auditFigure{prometheus.NewDesc("setu_audit_"+name, help, nil, nil), kind, value}
	}
	return &auditCollector{keeper: k, figures: [...]auditFigure{
		figure("leaves", "Leaves of the audit log.", prometheus.GaugeValue,
			func(f audit.Figures) float64 { return float64(f.Leaves) }),
		figure("checkpoint_leaves", "Leaves that the latest checkpoint covers.", prometheus.GaugeValue,
			func(f audit.Figures) float64 { return float64(f.Sealed) }),
		figure("checkpoint_timestamp_seconds", "When the latest checkpoint was signed; 0 when there is none.", prometheus.GaugeValue,
			func(f audit.Figures) float64 { return unixOf(f.SealedAt) }),
		figure("anchor_leaves", "Leaves that the latest checkpoint covers which the ledger is known to hold.", prometheus.GaugeValue,
			func(f audit.Figures) float64 { return float64(f.Anchored) }),
		figure("anchor_timestamp_seconds", "When that checkpoint was signed; 0 when none is known.", prometheus.GaugeValue,
			func(f audit.Figures) float64 { return unixOf(f.AnchoredAt) }),
		figure("failures_total", "Checkpoints that could not be made, and anchors that the ledger did not take.", prometheus.CounterValue,
			func(f audit.Figures) float64 { return float64(f.Failures) }),
	}}
}

// unixOf is a time in seconds since 1970; 0 for none.
func unixOf(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}

// Describe names the metrics.
func (c *auditCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range c.figures {
		ch <- f.desc
	}
}

// Collect reads the log.
func (c *auditCollector) Collect(ch chan<- prometheus.Metric) {
	figures, err := c.keeper.Figures(context.Background()) // the collector's interface has no context
	for _, f := range c.figures {
		if err != nil {
			ch <- prometheus.NewInvalidMetric(f.desc, err)
			continue
		}
		ch <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(figures))
	}
}
