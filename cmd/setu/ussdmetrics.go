package main

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"setu/ussd/ussdhttp"
)

// ussdCounts are the metrics of a gateway that calls us by HTTP.
func ussdCounts(c *ussdhttp.Counts) []struct {
	name, help string
	value      *atomic.Int64
} {
	return []struct {
		name, help string
		value      *atomic.Int64
	}{
		{"setu_ussd_requests_total", "Requests of USSD gateways.", &c.Requests},
		{"setu_ussd_sessions_total", "Sessions that were opened.", &c.Sessions},
		{"setu_ussd_screens_total", "Screens that were answered.", &c.Screens},
		{"setu_ussd_ends_total", "Screens that were the last of their session.", &c.Ends},
		{"setu_ussd_aborts_total", "Sessions that citizens cancelled.", &c.Aborts},
		{"setu_ussd_timeouts_total", "Sessions that networks ended.", &c.Timeouts},
		{"setu_ussd_refused_total", "Requests that could not be read or were not let in.", &c.Refused},
		{"setu_ussd_busy_total", "Requests for which there was no room.", &c.Busy},
		{"setu_ussd_faults_total", "Requests whose turn could not be taken.", &c.Faults},
		{"setu_ussd_unpushed_total", "Screens that a gateway did not take.", &c.Unpushed},
	}
}

// ussdCollector reads the counts of all gateways.
type ussdCollector struct {
	driver *ussdhttp.Driver
	under  *prometheus.Desc
	counts []*prometheus.Desc // in the order of ussdCounts
}

func newUSSDCollector(d *ussdhttp.Driver) *ussdCollector {
	c := &ussdCollector{driver: d, under: prometheus.NewDesc("setu_ussd_under_way", "Requests of USSD gateways that are being answered.", nil, nil)}
	for _, m := range ussdCounts(&ussdhttp.Counts{}) {
		c.counts = append(c.counts, prometheus.NewDesc(m.name, m.help, []string{"gateway"}, nil))
	}
	return c
}

// Describe names the metrics.
func (c *ussdCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.under
	for _, d := range c.counts {
		ch <- d
	}
}

// Collect reads the counts.
func (c *ussdCollector) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(c.under, prometheus.GaugeValue, float64(c.driver.Under()))
	for name, counts := range c.driver.Counts() {
		for i, m := range ussdCounts(counts) {
			ch <- prometheus.MustNewConstMetric(c.counts[i], prometheus.CounterValue, float64(m.value.Load()), name)
		}
	}
}
