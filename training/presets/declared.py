"""The known exports."""

from __future__ import annotations

from training.presets import reshape
from training.presets.movielens import MOVIE, RATING, THRESHOLD
from training.presets.preset import Preset, Table

GA4_ATTRIBUTES = (
    *("item_brand", "item_variant", "price"),
    *("item_category", "item_category2", "item_category3", "item_category4", "item_category5"),
)
SEGMENT_IDS = (
    *("properties.products.product_id", "properties.product_id"),
    *("properties.products.sku", "properties.sku"),
)


def _all_of(*names: str) -> frozenset[str]:
    return frozenset(names)


MOVIELENS = Preset(
    "movielens",
    "MovieLens",
    Table((_all_of(*RATING),), {}),
    Table((_all_of(*MOVIE),), {}),
    threshold=THRESHOLD,
)
PERSONALIZE = Preset(
    "personalize",
    "Amazon Personalize",
    Table(
        (_all_of("USER_ID", "ITEM_ID", "TIMESTAMP"),),
        {"user": ("USER_ID",), "item": ("ITEM_ID",), "event": ("EVENT_TYPE",), "timestamp": ("TIMESTAMP",)},
        others=("EVENT_VALUE",),
    ),
    Table(
        (_all_of("ITEM_ID", "CREATION_TIMESTAMP"), _all_of("ITEM_ID", "CATEGORY_L1"), _all_of("ITEM_ID", "GENRES")),
        {
            "item": ("ITEM_ID",),
            "title": ("TITLE", "PRODUCT_NAME", "NAME"),
            "description": ("PRODUCT_DESCRIPTION", "DESCRIPTION", "TEXT_DESCRIPTION"),
        },
        others=None,
        tags=("GENRES", "CATEGORY_L1", "CATEGORY_L2", "CATEGORY_L3"),
    ),
)
GORSE = Preset(
    "gorse",
    "Gorse",
    Table(
        (_all_of("FeedbackType", "UserId", "ItemId"), _all_of("feedback_type", "user_id", "item_id")),
        {
            "user": ("UserId", "user_id"),
            "item": ("ItemId", "item_id"),
            "event": ("FeedbackType", "feedback_type"),
            "timestamp": ("Timestamp", "time_stamp"),
        },
    ),
    Table(
        (_all_of("ItemId", "IsHidden"), _all_of("item_id", "is_hidden")),
        {"item": ("ItemId", "item_id"), "description": ("Comment", "comment")},
        others=None,
        tags=("Categories", "categories", "Labels", "labels"),
    ),
)
METARANK = Preset(
    "metarank",
    "Metarank",
    Table(
        (_all_of("event", "id", "timestamp", "item"), _all_of("event", "id", "timestamp", "items")),
        {"user": ("user", "session"), "item": ("item",), "event": ("type",), "timestamp": ("timestamp",)},
        others=("event",),
        reshape=reshape.metarank_interactions,
    ),
    Table((), {"item": ("item",)}, others=("event", "fields", "timestamp"), reshape=reshape.metarank_items),
    has_items_within=True,
)
RECOMBEE = Preset(
    "recombee",
    "Recombee",
    Table(
        tuple(_all_of("userId", "itemId", name) for name in ("duration", "portion", "recommId")),
        {
            "user": ("userId",),
            "item": ("itemId",),
            "event": ("event",),
            "value": ("amount", "portion", "rating"),
            "timestamp": ("timestamp",),
        },
        reshape=reshape.recombee_interactions,
    ),
    Table((), {"item": ("itemId",), "title": ("title", "name")}, others=None),
    events={
        "detail view": 1.0,
        "view portion": 1.0,
        "rating": 2.0,
        "bookmark": 2.0,
        "cart addition": 3.0,
        "purchase": 5.0,
    },
)
GA4 = Preset(
    "ga4",
    "the BigQuery export of Google Analytics 4",
    Table(
        (_all_of("event_name", "event_timestamp", "user_pseudo_id"),),
        {
            "user": ("user_id", "user_pseudo_id"),
            "item": ("items.item_id",),
            "event": ("event_name",),
            "timestamp": ("event_timestamp",),
        },
        ticks=1_000_000,
        absent=("(not set)",),
    ),
    Table(
        (),
        {"item": ("items.item_id",), "title": ("items.item_name",)}
        | {name: (f"items.{name}",) for name in GA4_ATTRIBUTES},
        tags=("items.item_category", "items.item_category2", "items.item_category3"),
        absent=("(not set)",),
        reshape=reshape.last_of_each("items.item_id"),
    ),
    events={"view_item": 1.0, "select_item": 1.0, "add_to_wishlist": 2.0, "add_to_cart": 3.0, "purchase": 5.0},
    has_items_within=True,
)
SEGMENT = Preset(
    "segment",
    "Segment",
    Table(
        (_all_of("event", "properties", "anonymousId"), _all_of("event", "properties", "userId")),
        {
            "user": ("userId", "anonymousId"),
            "item": SEGMENT_IDS,
            "event": ("event",),
            "timestamp": ("timestamp", "originalTimestamp", "sentAt", "receivedAt"),
        },
    ),
    Table(
        (),
        {
            "item": SEGMENT_IDS,
            "title": ("properties.products.name", "properties.name"),
            "category": ("properties.products.category", "properties.category"),
            "brand": ("properties.products.brand", "properties.brand"),
            "price": ("properties.products.price", "properties.price"),
        },
        tags=("properties.products.category", "properties.category"),
        reshape=reshape.last_of_each(*SEGMENT_IDS),
    ),
    events={
        "Product Viewed": 1.0,
        "Product Clicked": 1.0,
        "Product Added to Wishlist": 2.0,
        "Product Added": 3.0,
        "Order Completed": 5.0,
    },
    has_items_within=True,
)
SHOPIFY = Preset(
    "shopify",
    "Shopify",
    Table(
        (_all_of("Name", "Email", "Lineitem sku"), _all_of("Name", "Email", "Lineitem name")),
        {
            "user": ("Email",),
            "item": ("Lineitem sku", "Lineitem name"),
            "value": ("Lineitem quantity",),
            "timestamp": ("Created at",),
        },
        others=("Name",),
        reshape=reshape.shopify_orders,
    ),
    Table(
        (_all_of("Handle", "Title", "Variant SKU"), _all_of("Handle", "Title", "Vendor")),
        {
            "item": ("Handle",),
            "title": ("Title",),
            "description": ("Body (HTML)",),
            "vendor": ("Vendor",),
            "type": ("Type",),
            "price": ("Variant Price",),
            "image": ("Image Src",),
            "sku": ("Variant SKU",),
        },
        tags=("Tags", "Type"),
        reshape=reshape.shopify_products,
    ),
)
RETAILROCKET = Preset(
    "retailrocket",
    "RetailRocket",
    Table(
        (_all_of("timestamp", "visitorid", "event", "itemid"),),
        {"user": ("visitorid",), "item": ("itemid",), "event": ("event",), "timestamp": ("timestamp",)},
    ),
    Table(
        (_all_of("timestamp", "itemid", "property", "value"),),
        {"item": ("itemid",)},
        others=None,
        tags=("categoryid",),
        reshape=reshape.retailrocket_properties,
    ),
    events={"view": 1.0, "addtocart": 3.0, "transaction": 5.0},
)
AMAZON = Preset(
    "amazon",
    "Amazon reviews",
    Table(
        (
            _all_of("reviewerID", "asin", "overall"),
            _all_of("user_id", "asin", "rating"),
            _all_of("user_id", "parent_asin", "rating"),
        ),
        {
            "user": ("reviewerID", "user_id"),
            "item": ("parent_asin", "asin"),
            "value": ("overall", "rating"),
            "timestamp": ("unixReviewTime", "timestamp"),
        },
    ),
    Table(
        (_all_of("asin", "title"), _all_of("parent_asin", "title", "main_category"), _all_of("asin", "categories")),
        {"item": ("parent_asin", "asin"), "title": ("title",), "description": ("description",)},
        others=("price", "brand", "store", "main_category", "main_cat", "categories", "category"),
        tags=("categories", "category"),
    ),
    threshold=THRESHOLD,
)
HM = Preset(
    "hm",
    "H&M",
    Table(
        (_all_of("t_dat", "customer_id", "article_id"),),
        {"user": ("customer_id",), "item": ("article_id",), "timestamp": ("t_dat",)},
    ),
    Table(
        (_all_of("article_id", "prod_name"),),
        {"item": ("article_id",), "title": ("prod_name",), "description": ("detail_desc",)},
        others=None,
        tags=("product_type_name", "colour_group_name", "graphical_appearance_name", "department_name", "section_name"),
    ),
)
PRESETS = {
    preset.name: preset
    for preset in (
        *(MOVIELENS, PERSONALIZE, GORSE, METARANK, RECOMBEE, GA4),
        *(SEGMENT, SHOPIFY, RETAILROCKET, AMAZON, HM),
    )
}
