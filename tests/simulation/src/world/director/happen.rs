//! What happens, as it is done.

use std::time::Duration;

use super::{Action, Director, TARGETS};
use crate::scenario::{PROCESSES, Says, What};
use crate::scheduler::Owner;
use crate::world::books::Pile;
use crate::world::faults::Last;

impl Director {
    pub(super) fn happen(&mut self, what: What) -> anyhow::Result<()> {
        self.world.say(|| format!("— {what:?}"));
        match what {
            What::Order { order } => self.world.order(order),
            What::OrderChange { order, how } => self.world.change_order(order, how),
            What::OrderAgain { order, back } => self.world.order_again(order, back),
            What::Trade { ago, is_audited } => self.world.trade(ago, is_audited),
            What::BadTrade => self.world.bad_trade(),
            What::TradeChange { trade } => self.world.change_trade(trade),
            What::Stock { good, left } => self.world.change_stock(good, left),
            What::Shipment => self.world.shipment(),
            What::Row { table, row, how } => self.world.row(table, row, how),
            What::Json { pile, document } => {
                let version = self.world.json(pile, document);
                self.post(pile, document, [version]);
            }
            What::JsonFlap { pile, document } => {
                let versions = self.world.json_flap(pile, document);
                self.post(pile, document, versions);
            }
            What::JsonAgain { pile, document, back } => self.post_again(pile, document, back),
            What::Sale { sale, says, is_bad } => {
                let version = self.world.sale(sale, says, is_bad);
                self.post(Pile::Sales, sale, [version]);
            }
            What::SaleChange { sale, how } => {
                let version = self.world.change_sale(sale, how);
                self.post(Pile::Sales, sale, version);
            }
            What::SaleFlap { sale, says } => {
                let versions = self.world.sale_flap(sale, says);
                self.post(Pile::Sales, sale, versions);
            }
            What::SaleAgain { sale, back } => self.post_again(Pile::Sales, sale, back),
            What::Receipt { receipt, sale } => {
                let version = self.world.receipt(receipt, sale);
                self.post(Pile::Receipts, receipt, [version]);
            }
            What::CloseGroups => self.world.close_groups()?,
            What::ByHand { sale, how } => self.world.by_hand(sale, how)?,
            What::Recheck => {
                let recheck = self.world.recheck()?;
                self.scheduler.spawn(Owner::World, recheck);
            }
            What::KillAt { slot, port, operation, side, down } => {
                self.world.slots[slot].faults.halt_at(Last { port, operation, side, lasts: None });
                self.down[slot] = Some(down);
            }
            What::StopAt { slot, port, operation, side, lasts } => {
                let lasts = Some(lasts);
                self.world.slots[slot].faults.halt_at(Last { port, operation, side, lasts });
            }
            What::Trouble { vendor, fault, per_mille, lasts } => {
                let id = self.next;
                self.troubles.push((id, vendor, fault, per_mille));
                self.set_rates();
                self.plan_in(lasts, Action::End(id));
            }
            What::Once { vendor, fault } => self.world.faults_of(vendor).inject(fault),
            What::RefusedAcknowledgement { lasts } => {
                if let Some(row) = self.world.vendors.wangdian.stock().last() {
                    self.world.vendors.wangdian.refuse_acknowledgement(row.rec_id, Some("未授权"));
                    self.plan_in(lasts, Action::Acknowledge(row.rec_id));
                }
            }
            What::Kill { slot, steps, down } => {
                if let Some(process) = &self.world.slots[slot].process {
                    self.scheduler.kill_after(process.owner, steps);
                }
                self.plan_in(down + Duration::from_secs(1), Action::Start(slot));
            }
            What::Stop { slot, lasts } => {
                if let Some(process) = &self.world.slots[slot].process {
                    self.scheduler.stop(process.owner, lasts);
                }
            }
            What::ClockSet { ahead, lasts } => {
                self.world.machine.set_ahead(ahead);
                self.plan_in(lasts, Action::ClockRight);
            }
            What::Store { slot, port, side, kind, calls } => {
                self.world.slots[slot].faults.arm(port, side, kind, calls);
            }
            What::WrongSecret { vendor, lasts } => {
                self.world.set_secret(vendor, false);
                self.begin_all_anew()?;
                self.plan_in(lasts, Action::RightSecret(vendor));
            }
            What::FlowAway { flow, lasts } => {
                self.world.folder.take_away(flow, true)?;
                self.begin_all_anew()?;
                self.plan_in(lasts, Action::FlowBack(flow));
            }
            What::FlowChanged { flow } => {
                self.world.folder.change(flow)?;
                self.begin_all_anew()?;
            }
            What::FlowSays { flow, says } => {
                self.world.folder.say(flow, says)?;
                if says == Says::Audit {
                    self.world.books.state().audits_from_now();
                }
                self.begin_all_anew()?;
            }
            What::Upgrade => {
                (0..PROCESSES).for_each(|slot| self.kill(slot));
                self.world.downgrade()?;
                // The former program counted no calls where others read them.
                self.world.vendors.begin_quotas_anew();
                self.begin_all_anew()?;
            }
            What::Paused { name, lasts } => {
                self.world.pause(name)?;
                self.plan_in(lasts, Action::Unpause(name));
            }
            What::ReplayAll => self.world.replay_all()?,
            What::Resume => {
                for name in TARGETS {
                    self.world.resume(name)?;
                }
            }
            What::Redrive => _ = self.world.redrive()?,
            What::Settle => self.world.settle_one()?,
            What::AddMaterial => self.world.add_material(),
        }
        Ok(())
    }
}
