//! Who is due when: the plans of all services, merged into one line of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::{DateTime, TimeDelta, Utc};

use super::plan::Stretch;

/// The cycles of a campaign in the order of time, each with the services that are due, by their place in the plan.
pub struct Agenda {
    due: BinaryHeap<Reverse<(DateTime<Utc>, usize)>>,
    pace: Vec<(TimeDelta, DateTime<Utc>)>,
}

impl Agenda {
    /// The agenda of these stretches.
    pub fn new(stretches: &[Stretch]) -> Self {
        let pace = stretches.iter().map(|stretch| (stretch.cadence, stretch.to)).collect();
        let mut agenda = Self { due: BinaryHeap::with_capacity(stretches.len()), pace };
        for (index, stretch) in stretches.iter().enumerate() {
            agenda.expect(index, stretch.first);
        }
        agenda
    }

    fn expect(&mut self, index: usize, at: DateTime<Utc>) {
        if at < self.pace[index].1 {
            self.due.push(Reverse((at, index)));
        }
    }
}

impl Iterator for Agenda {
    type Item = (DateTime<Utc>, Vec<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((at, _)) = *self.due.peek()?;
        let mut together = Vec::new();
        while let Some(&Reverse((next, index))) = self.due.peek()
            && next == at
        {
            self.due.pop();
            self.expect(index, at + self.pace[index].0);
            together.push(index);
        }
        Some((at, together))
    }
}
