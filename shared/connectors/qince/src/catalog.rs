//! 直营订单 (the direct order) as data: every field of the vendor's page and of its example.
//!
//! Source: `https://api.waiqin365.com/SERVER/app/dms/zy_order_push.html`. The page marks no field as required and
//! sends every value as a string; the kinds here say what the strings hold. Titles are the page's, but for the four
//! fields that only its example has and for `prods`, which it leaves without one.

use relay_connector::{Document, Field, Kind, Role};

/// The document's name: what every push carries whose business type is taken
/// ([`Settings::takes`](crate::Settings::takes)).
pub const DIRECT_ORDER: &str = "qince.direct_order";

/// The document's key: the 19-digit id of the order.
pub const KEY: &str = "id";

/// The document's version: when the order was last changed, `yyyy-MM-dd HH:mm:ss.fff`.
pub const VERSION: &str = "modify_time_str";

/// Everything that Qince pushes and that flows may name.
#[must_use]
pub fn documents() -> &'static [Document] {
    &DOCUMENTS
}

/// The direct order.
pub(crate) fn direct_order() -> &'static Document {
    &DOCUMENTS[0]
}

static DOCUMENTS: [Document; 1] = [Document {
    name: DIRECT_ORDER,
    title: "直营订单相关数据同步",
    role: Role::Pushed,
    params: &[],
    fields: ORDER,
    // Tenants' forms grow fields of their own, and the page already lags behind its example.
    open: true,
    // The order's number may be missing and may change.
    keys: &[&[KEY]],
    version: Some(VERSION),
    ..Document::UNKNOWN
}];

/// 采购单主信息: the order itself.
const ORDER: &[Field] = &[
    Field::new("id", "直营订单id", Kind::Text),
    Field::new("status", "0:已删除,1:正常", Kind::Text),
    Field::new("gift_card_usedamount", "代金券使用金额", Kind::Decimal),
    Field::new("amount_pool_usedamount", "费用池使用金额", Kind::Decimal),
    Field::new("purchase_no", "直营订单号", Kind::Text),
    Field::new("date", "业务日期,yyyy-mm-dd格式", Kind::Date),
    Field::new("date2", "业务时间,yyyy-mm-dd hh24:mi:ss格式", Kind::Time),
    Field::new("emp_dept_id", "业务员下单时候所在的部门id", Kind::Text),
    Field::new("emp_dept_name", "业务员下单时候所在的部门名称", Kind::Text),
    Field::new("emp_dept_code", "业务员下单时候所在的部门编码", Kind::Text),
    Field::new("emp_dept_source_code", "业务员下单时候所在的部门对应外部数据id", Kind::Text),
    Field::new("emp_id", "单据业务员id", Kind::Text),
    Field::new("emp_code", "员工编码", Kind::Text),
    Field::new("emp_name", "单据业务员名称", Kind::Text),
    Field::new("emp_source_code", "单据业务员对应外部数据id", Kind::Text),
    Field::new("trade_type", "客户类型2:经销商,3:终端门店", Kind::Text),
    Field::new("cm_id", "客户id", Kind::Text),
    Field::new("cm_code", "客户编码", Kind::Text),
    Field::new("cm_name", "客户名称", Kind::Text),
    Field::new("cm_source_code", "客户对应外部数据id", Kind::Text),
    Field::new("cm_dept_id", "下单时候客户所在的部门id", Kind::Text),
    Field::new("cm_dept_name", "下单时候客户所在部门的名称", Kind::Text),
    Field::new("cm_dept_code", "下单时候客户所在部门的编码", Kind::Text),
    Field::new("cm_dept_source_code", "下单时候客户所在的部门对应外部数据id", Kind::Text),
    Field::new(
        "purchase_status",
        "采购订单状态:CG_DFH、待发货,CG_DRK:待入库,CG_YWC:已完成,CG_DQR:待确认,CG_YQX:已取消,CG_FHZ:发货中",
        Kind::Text,
    ),
    Field::new("purchase_business_status", "采购单自定义业务状态", Kind::Text),
    Field::new("consignment_date", "要求送货日期yyyy-mm-dd", Kind::Date),
    Field::new("order_amount", "采购单据总金额", Kind::Decimal),
    Field::new("vehicles_type_id", "车型id", Kind::Text),
    Field::new("vehicles_type_code", "车型编码", Kind::Text),
    Field::new("vehicles_type_name", "车型名称", Kind::Text),
    Field::new("car_load", "整车(1:整车,2:拼车)", Kind::Text),
    Field::new("car_load_name", "整车", Kind::Text),
    Field::new("pictures", "照片,多张使用逗号分隔", Kind::Text),
    Field::new("creator_id", "单据创建人", Kind::Text),
    Field::new("create_name", "单据创建人名称", Kind::Text),
    Field::new("create_time_str", "单据提交时间 yyyy-mm-dd hh24:mi:ss.us", Kind::Time),
    Field::new("modify_time_str", "单据最近一次变更时间 yyyy-mm-dd hh24:mi:ss.us", Kind::Time),
    Field::new("confirm_emp_id", "确认人id", Kind::Text),
    Field::new("confirm_emp_name", "确认人名称", Kind::Text),
    Field::new("confirm_time_str", "确认时间yyyy-mm-dd hh24:mi:ss", Kind::Time),
    Field::new("confirm_reason", "确认意见", Kind::Text),
    Field::new("reconfirm_emp_id", "反确认人id", Kind::Text),
    Field::new("reconfirm_emp_name", "反确认人名称", Kind::Text),
    Field::new("reconfirm_time_str", "反确认时间yyyy-mm-dd hh24:mi:ss", Kind::Time),
    Field::new("reconfirm_reason", "反确认意见", Kind::Text),
    Field::new("receive_id", "收货方id", Kind::Text),
    Field::new("shouhuo_code", "收货方编码", Kind::Text),
    Field::new("receive_name", "收货人名称。注:此处收货人信息是由业务员在下单时选择或手工输入", Kind::Text),
    Field::new("receive_phone", "收货人手机号码", Kind::Text),
    Field::new("receive_tel", "收货人电话", Kind::Text),
    Field::new("receive_addr", "收货地址", Kind::Text),
    Field::new("receive_addr_id", "收货地址id", Kind::Text),
    Field::new("receive_addr_source_code", "收货地址第三方ID", Kind::Text),
    Field::new("source_order_id", "关联原始订单id", Kind::Text),
    Field::new("source_order_no", "关联原始订单号", Kind::Text),
    Field::new("remark", "备注", Kind::Text),
    Field::new("company_storehouse_code", "发货仓库编码", Kind::Text),
    Field::new("change_back_id", "关联换入订单ID", Kind::Text),
    Field::new("change_back_no", "关联换入订单号", Kind::Text),
    Field::new("business_order_type_name", "业务类型名称", Kind::Text),
    Field::new("business_order_type_code", "业务类型编码", Kind::Text),
    Field::new("finishsent_time", "关闭时间,yyyy-mm-dd hh24:mi:ss格式", Kind::Time),
    Field::new("finishsent_emp_name", "关闭人名称", Kind::Text),
    Field::new("contrac_no", "合同编码", Kind::Text),
    Field::new("visit_implement_id", "关联的高级拜访id", Kind::Text),
    Field::new("settlement_method_source_code", "结算方式第三方编码", Kind::Text),
    Field::new("exts", "采购单主信息扩展字段列表", Kind::List(EXTS)),
    Field::new("prods", "商品明细", Kind::List(PRODS)),
    Field::new("all_sales_discount", "销售折扣合计", Kind::Decimal),
    Field::new("all_sales_expenses", "销售费用合计", Kind::Decimal),
    Field::new("usedGiftCards", "代金券信息列表", Kind::List(USED_GIFT_CARDS)),
    Field::new("usedAmountPools", "费用池使用信息列表", Kind::List(USED_AMOUNT_POOLS)),
    Field::new("usedVouchers", "优惠券信息列表", Kind::List(USED_VOUCHERS)),
    Field::new("order_discount_amount", "订单优惠金额", Kind::Decimal),
    Field::new("order_type", "订单类型,ZY:直营", Kind::Text),
    Field::new("distribution_method_name", "配送方式名称", Kind::Text),
];

/// 商品明细: the lines of an order.
const PRODS: &[Field] = &[
    Field::new("product_id", "商品id", Kind::Text),
    Field::new("product_name", "商品名称", Kind::Text),
    Field::new("product_code", "商品编码", Kind::Text),
    Field::new("allocated_amount", "分摊后金额", Kind::Decimal),
    Field::new("sale_cus_code", "分销客户编码", Kind::Text),
    Field::new("product_source_code", "商品对应外部数据id", Kind::Text),
    Field::new("purchase_price", "采购价格", Kind::Decimal),
    Field::new("purchase_count", "采购数量", Kind::Decimal),
    Field::new("purchase_input_unit", "采购时候录入单位id", Kind::Text),
    Field::new("purchase_input_unit_name", "采购时候录入单位名称", Kind::Text),
    Field::new("base_unit", "采购时候商品基本单位id", Kind::Text),
    Field::new("base_unit_name", "采购时候商品基本单位名称", Kind::Text),
    Field::new("purchase_base_unit_count", "采购数量转化成基本单位以后的数量", Kind::Decimal),
    Field::new("purchase_amount", "采购金额", Kind::Decimal),
    Field::new("suggest_num", "建议订单数量(基本单位)", Kind::Decimal),
    Field::new("remark", "备注", Kind::Text),
    Field::new("is_gift", "是否是赠品Y:是 N:否", Kind::Text),
    Field::new("promotion_code", "促销编码", Kind::Text),
    Field::new("promotion_source_code", "促销第三方编码", Kind::Text),
    Field::new("promotion_name", "促销名称", Kind::Text),
    Field::new("promotion_type", "促销类型:BASE:基本策略,OVERLAP:叠加策略。默认BASE", Kind::Text),
    Field::new("promotion_tag", "促销力度:TAG_CHG:常规,TAG_TJ:特别推荐。默认TAG_CHG", Kind::Text),
    Field::new("promotion_calc_mode", "促销模式:MODE_MZ:满赠,MODE_JT:阶梯", Kind::Text),
    Field::new("promotion_calc_type", "搭赠方式:TYPE_NUM:按订购量,TYPE_MONEY:按订购额", Kind::Text),
    Field::new("superposition_promotion_code", "叠加促销编码", Kind::Text),
    Field::new("superposition_promotion_source_code", "叠加促销第三方编码", Kind::Text),
    Field::new("superposition_promotion_name", "叠加促销名称", Kind::Text),
    Field::new("amount_promotion_code", "金额促销编码", Kind::Text),
    Field::new("amount_promotion_name", "金额促销名称", Kind::Text),
    Field::new("full_discount_id", "满折满减促销id", Kind::Text),
    Field::new("full_discount_code", "满折满减促销编码", Kind::Text),
    Field::new("full_discount_name", "满折满减促销名称", Kind::Text),
    Field::new("exts", "采购单主信息扩展字段列表", Kind::List(EXTS)),
    Field::new("posnr", "项目号。如10、20、30,查询排序时候也可使用", Kind::Integer),
    Field::new("coupon_id", "兑货券主数据id", Kind::Text),
    Field::new("coupon_detail_id", "兑货券主数据id", Kind::Text),
    Field::new("addpd_pool_id", "赠品池ID", Kind::Text),
    Field::new("addpd_pool_source_code", "赠品池sourcecode", Kind::Text),
    Field::new("rebate_account_id", "费用池账户ID", Kind::Text),
    Field::new("rebate_account_code", "费用池账户编码", Kind::Text),
    Field::new("sys_input_unit_price", "标准价", Kind::Decimal),
    Field::new("storehouse_code", "发货仓库编码", Kind::Text),
    Field::new("all_sales_discount", "行销售折扣", Kind::Decimal),
    Field::new("all_sales_expenses", "行销售费用", Kind::Decimal),
    Field::new("full_discount_amount", "满折满减优惠分摊金额", Kind::Decimal),
    Field::new("expensepool_discount_split", "费用池抵金额分摊销售折扣", Kind::Decimal),
    Field::new("expensepool_expenses_split", "费用池抵金额分摊销售费用", Kind::Decimal),
    Field::new("giftcard_discount_split", "代金券抵金额分摊销售折扣", Kind::Decimal),
    Field::new("giftcard_expenses_split", "代金券抵金额分摊销售费用", Kind::Decimal),
    Field::new("purchase_discount_amount", "商品优惠金额", Kind::Decimal),
];

/// 扩展字段: the tenant's own fields, of the order and of its lines alike.
const EXTS: &[Field] = &[
    Field::new("ext_key", "采购单主信息扩展字段key值扩展字段需先在我方系统中创建", Kind::Text),
    Field::new("ext_value", "扩展字段value值对多个选项值,以“,”分隔拼接", Kind::Text),
];

/// 代金券信息: the vouchers used.
const USED_GIFT_CARDS: &[Field] = &[
    Field::new("reduce_amount", "代金券使用金额", Kind::Decimal),
    Field::new("card_id", "代金券id", Kind::Text),
    Field::new("card_no", "代金券号", Kind::Text),
];

/// 费用池使用信息: the expense pools used.
const USED_AMOUNT_POOLS: &[Field] = &[
    Field::new("rebate_account_amount", "费用池使用金额", Kind::Decimal),
    Field::new("rebate_account_id", "费用池使用账户", Kind::Text),
    Field::new("rebate_account_code", "费用池账户编码", Kind::Text),
];

/// 优惠券信息: the discount coupons used.
const USED_VOUCHERS: &[Field] = &[
    Field::new("voucher_id", "优惠券id", Kind::Text),
    Field::new("voucher_name", "优惠券名称", Kind::Text),
    Field::new("voucher_amount", "优惠券金额", Kind::Decimal),
];
