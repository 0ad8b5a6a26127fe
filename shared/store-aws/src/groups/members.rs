//! A document in its group, and which group that is.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use relay_core::groups::{Contribution, GroupId};
use relay_core::{EntryId, StoreError, codec};

use super::rows::{ROW, VALUE, document_key, group_id, member_row};
use super::{GROUP, PUT_AT, RECEIVED_AT};
use crate::Aws;
use crate::item::{ID, number, text, text_of};

impl Aws {
    /// Notes which group a document is in, unless another is noted than `former`: then it tells that one.
    pub(super) async fn note_group_of(
        &self,
        document: &EntryId,
        group: &GroupId,
        former: Option<&GroupId>,
    ) -> Result<Option<GroupId>, StoreError> {
        let call = self.groups_call("noting a document's group", "dynamodb:PutItem");
        let former = former.unwrap_or(group);
        let put = self
            .dynamodb()
            .put_item()
            .table_name(call.name)
            .set_item(Some(document_key(document)))
            .item(GROUP, text(&group.group))
            .condition_expression("attribute_not_exists(id) OR #group IN (:group, :former)")
            .expression_attribute_names("#group", GROUP)
            .expression_attribute_values(":group", text(&group.group))
            .expression_attribute_values(":former", text(&former.group))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await {
            Ok(_) => Ok(None),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    let found = failed.item().and_then(|found| text_of(found, GROUP));
                    let found =
                        found.ok_or_else(|| call.because("the table does not say what stands there"))?;
                    Ok(Some(GroupId::new(&document.flow, found)))
                }
                _ => Err(call.failed(&error)),
            },
        }
    }

    /// Puts a document into a group, unless a later one of it is there.
    pub(super) async fn put_member(
        &self,
        group: &GroupId,
        contribution: &Contribution,
    ) -> Result<bool, StoreError> {
        self.keep_open(group).await?;
        let call = self.groups_call("writing a group's member", "dynamodb:PutItem");
        let value = codec::pack(serde_json::json!(contribution).to_string());
        let received_at = number(contribution.received_at.timestamp_millis());
        let put = self
            .dynamodb()
            .put_item()
            .table_name(call.name)
            .item(ID, text(group_id(group)))
            .item(ROW, text(member_row(&contribution.key)))
            .item(VALUE, text(value))
            .item(RECEIVED_AT, received_at.clone())
            .item(PUT_AT, number(self.clock.now().timestamp_millis()))
            .condition_expression("attribute_not_exists(id) OR received_at <= :received_at")
            .expression_attribute_values(":received_at", received_at);
        let is_put = call.done_where_it_may(put.send().await)?;
        // A process that was suspended, or whose write took long: the group may have been closed in between.
        self.keep_open(group).await?;
        Ok(is_put)
    }
}
