package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"setu/ivr/rtp"
)

// mediaCollector reads what the engine of media counts.
type mediaCollector struct {
	engine                  *rtp.Engine
	streams, busy, lateness *prometheus.Desc
	packets                 *prometheus.Desc
}

func newMediaCollector(e *rtp.Engine) *mediaCollector {
	return &mediaCollector{
		engine:   e,
		streams:  prometheus.NewDesc("setu_rtp_streams", "Streams of media that are open.", nil, nil),
		busy:     prometheus.NewDesc("setu_rtp_busy", "1 when packets of media leave too late for further calls.", nil, nil),
		lateness: prometheus.NewDesc("setu_rtp_lateness_seconds", "How late packets of media have left, by the last one of each 2 ms.", nil, nil),
		packets:  prometheus.NewDesc("setu_rtp_packets_total", "Packets of media by what became of them.", []string{"what"}, nil),
	}
}

// Describe names the metrics.
func (c *mediaCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.streams, c.busy, c.lateness, c.packets} {
		ch <- d
	}
}

// Collect reads them.
func (c *mediaCollector) Collect(ch chan<- prometheus.Metric) {
	stats, late := c.engine.Stats(), c.engine.Lateness()
	ch <- prometheus.MustNewConstMetric(c.streams, prometheus.GaugeValue, float64(stats.Streams))
	ch <- prometheus.MustNewConstMetric(c.busy, prometheus.GaugeValue, truth(c.engine.Busy()))
	for what, n := range map[string]uint64{
		"sent": stats.Sent, "unsent": stats.Unsent, "received": stats.Received,
		"stranger": stats.Strangers, "malformed": stats.Malformed,
	} {
		ch <- prometheus.MustNewConstMetric(c.packets, prometheus.CounterValue, float64(n), what)
	}
	buckets, below := make(map[float64]uint64), uint64(0)
	for i, bound := range rtp.LatenessBounds() {
		below += late.Counts[i]
		buckets[bound.Seconds()] = below
	}
	ch <- prometheus.MustNewConstHistogram(c.lateness, late.Count(), late.Sum.Seconds(), buckets)
}
